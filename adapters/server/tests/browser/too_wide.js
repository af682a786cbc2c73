// What sticks out to the side, as lines.
const { clientWidth, scrollWidth } = document.documentElement;
const out = scrollWidth > clientWidth ? [`the page is ${scrollWidth} of ${clientWidth} px wide`] : [];
for (const element of document.querySelectorAll("main, main *")) {
  const { left, right } = element.getBoundingClientRect();
  if (left < 0 || right > clientWidth || element.scrollWidth > element.clientWidth + 1 &&
      getComputedStyle(element).display !== "inline") {
    out.push(`${element.tagName} from ${left} to ${right}: ${element.textContent.trim()}`);
  }
}
return out;

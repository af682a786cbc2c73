// What an injection would try. Returns what came of it.
const got = [];
const held_up = new Set();
const all = ["script-src-elem", "script-src-attr", "style-src-elem", "base-uri", "img-src",
  "frame-src", "connect-src"];
const all_held_up = new Promise((done) => {
  document.addEventListener("securitypolicyviolation", (event) => {
    held_up.add(event.effectiveDirective);
    if (all.every((directive) => held_up.has(directive))) done();
  });
  setTimeout(done, 10_000);
});
const add = (name, properties) => {
  const element = Object.assign(document.createElement(name), properties);
  document.body.append(element);
  return element;
};
window.got = got;
add("script", { textContent: "window.got.push('an inline script ran')" });
add("p", {}).setAttribute("onclick", "window.got.push('an inline handler ran')");
document.body.lastChild.click();
add("style", { textContent: "main { display: none }" });
if (getComputedStyle(document.querySelector("main")).display === "none") got.push("a style applied");
add("base", { href: "https://evil.test/" });
if (document.baseURI.includes("evil.test")) got.push("the base moved");
add("script", { src: "https://evil.test/cb" });
add("img", { src: "https://evil.test/cb" });
add("iframe", { src: "https://evil.test/cb" });
fetch("https://evil.test/cb").then(() => got.push("a fetch went out"), () => {});
return all_held_up.then(() => {
  const loose = all.filter((directive) => !held_up.has(directive));
  return got.concat(loose.map((directive) => `nothing held up ${directive}`));
});

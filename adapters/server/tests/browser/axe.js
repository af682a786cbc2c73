// Every rule of axe-core but those of level AAA and those that are not finished. What is broken, as
// lines.
const rules = Object.fromEntries(
  axe.getRules()
    .filter((rule) => !rule.tags.some((tag) => tag === "wcag2aaa" || tag === "experimental"))
    .map((rule) => [rule.ruleId, { enabled: true }]),
);
const lines = (results) => results.map((result) => {
  const where = result.nodes.map((node) => node.target.join(" ")).join(", ");
  return `${result.id}: ${result.help} (${where})`;
});
return axe.run(document, { rules, resultTypes: ["violations", "incomplete"] })
  .then(({ violations, incomplete }) => lines([...violations, ...incomplete]));

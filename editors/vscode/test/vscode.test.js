// Goes through the example project in VS Code as a user would, and looks at what
// the screen shows. Run it with `make test-vscode`; screenshots are left behind.
const { after, before, test } = require("node:test");
const assert = require("node:assert/strict");
const { readFileSync } = require("node:fs");
const { join } = require("node:path");
const { Editor } = require("./editor.js");

let editor;

before(async () => {
  const cache = process.env.GONIX_VSCODE;
  editor = await Editor.start({
    cache, gonix: process.env.GONIX, project: join(__dirname, "../../../examples"), shots: join(cache, "screenshots"),
  });
});

after(() => editor?.stop());

// shown waits until what a selector finds has a text, and returns it.
async function shown(selector, pattern) {
  let text = "";
  await editor.until(`${pattern} in ${selector}`, async () => {
    const found = editor.page.locator(selector);
    text = (await found.count()) > 0 ? (await found.allInnerTexts()).join("\n").replaceAll("\u00a0", " ") : "";
    return pattern.test(text);
  });
  return text;
}

test("bash inside of a string is coloured as bash", async () => {
  await editor.open("pkgs/greet/default.nix", 23, 1);
  // The grammar shows a string; what is more than that comes from the server.
  const colours = () =>
    editor.page.locator(".view-line > span > span").evaluateAll((spans) => {
      const colour = (text) => spans.filter((s) => s.textContent.trim() === text).map((s) => getComputedStyle(s).color)[0];
      return { command: colour("chmod"), variable: colour("$greeting") ?? colour("greeting"), string: colour('"Ahoy"') ?? colour('"greet"') };
    });
  let seen;
  await editor.until("the colours of bash", async () => {
    seen = await colours();
    return seen.command && seen.variable && seen.string;
  });
  await editor.shot("bash");
  assert.equal(new Set(Object.values(seen)).size, 3, JSON.stringify(seen));
});

test("hover shows the documentation of a function in another file", async () => {
  await editor.open("default.nix", 39, 6);
  // Until the server has started there is nothing to show.
  await editor.until("a hover", async () => {
    await editor.command("Show or Focus Hover");
    await editor.page.waitForTimeout(500);
    return (await editor.page.locator(".monaco-hover:not(.hidden)").count()) > 0;
  });
  await shown(".monaco-hover:not(.hidden)", /fixed point of a function/);
  await editor.shot("hover");
  await editor.press("Escape");
});

test("diagnostics come and go", async () => {
  await editor.open("default.nix", 24, 1);
  await editor.press("End", "Enter");
  await editor.type("broken = undefinedName;");
  await editor.command("Problems: Focus on Problems View");
  await shown(".markers-panel", /undefined variable 'undefinedName'/);
  assert.notEqual(await editor.page.locator(".squiggly-error").count(), 0);
  await editor.shot("diagnostics");
  await editor.press("Control+j");
  await editor.command("File: Revert File");
  await editor.until("the squiggle to go", async () => (await editor.page.locator(".squiggly-error").count()) === 0);
});

test("completion knows the attributes of another file", async () => {
  await editor.open("default.nix", 24, 1);
  await editor.press("End", "Enter");
  await editor.type("x = lib.optionalStr");
  await shown(".suggest-widget.visible", /optionalString/);
  await editor.shot("completion");
  await editor.press("Enter");
  await shown(".view-lines", /x = lib\.optionalString/);
  await editor.command("File: Revert File");
});

test("rename changes all uses", async () => {
  await editor.open("default.nix", 12, 5);
  await editor.command("Rename Symbol");
  await editor.page.locator(".rename-box input").fill("everything");
  await editor.shot("rename");
  await editor.press("Enter");
  await editor.until("the new name", async () =>
    /everything = final: \{[^]*extends overlay set\) everything overlays/.test((await editor.lines()).join("\n")));
  await editor.command("File: Revert File");
});

test("formatting lays the file out", async () => {
  await editor.open("system/host.nix", 1, 1);
  const before = await editor.lines();
  await editor.press("Control+End");
  await editor.press("Control+Home");
  await editor.type("   ");
  assert.notEqual((await editor.lines()).join("\n"), before.join("\n"));
  await editor.command("Format Document");
  await editor.until("the file as it was", async () => (await editor.lines()).join("\n") === before.join("\n"));
  await editor.shot("format");
});

test("a lens evaluates a binding", async () => {
  await editor.open("system/host.nix", 1, 1);
  const lens = editor.page.locator(".codelens-decoration a", { hasText: "evaluate" });
  await lens.nth(1).click();
  const said = await shown(".notifications-toasts .notification-list-item-message", /=/);
  await editor.shot("lens");
  assert.match(said, /hostName = "skerry-1"/);
});

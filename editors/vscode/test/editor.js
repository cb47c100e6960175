// A real VS Code, as a server and a browser, driven by the keyboard like a user's.
const { spawn } = require("node:child_process");
const { once } = require("node:events");
const { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } = require("node:fs");
const { createRequire } = require("node:module");
const { tmpdir } = require("node:os");
const { join } = require("node:path");

// How long anything may take: a bound on hanging, not on speed.
const patience = 30_000;

// Chromium looks up nothing, and runs as root.
const flags = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync", "--disable-dev-shm-usage",
  "--disable-background-networking", "--disable-component-update",
];

const settings = (gonix) => ({
  "gonix.path": gonix,
  "editor.fontFamily": "DejaVu Sans Mono, monospace",
  "editor.hover.delay": 100,
  "editor.stickyScroll.enabled": false,
  "extensions.autoCheckUpdates": false,
  "files.autoSave": "off",
  "security.workspace.trust.enabled": false,
  "telemetry.telemetryLevel": "off",
  "workbench.colorTheme": "Default Light Modern",
  "workbench.startupEditor": "none",
  "workbench.tips.enabled": false,
  "window.menuBarVisibility": "hidden",
});

class Editor {
  // start opens a copy of a project. cache holds what install.sh has put there.
  static async start({ cache, gonix, project, shots }) {
    const editor = new Editor();
    editor.dir = mkdtempSync(join(tmpdir(), "gonix-vscode-"));
    editor.shots = shots;
    editor.project = join(editor.dir, "project");
    rmSync(shots, { recursive: true, force: true });
    mkdirSync(shots, { recursive: true });
    cpSync(project, editor.project, { recursive: true });
    const data = join(editor.dir, "data");
    mkdirSync(join(data, "User"), { recursive: true });
    mkdirSync(join(data, "Machine"), { recursive: true });
    writeFileSync(join(data, "Machine", "settings.json"), JSON.stringify(settings(gonix)));
    try {
      const url = await editor.serve(cache, data);
      await editor.browse(cache, `${url}/?folder=${editor.project}`);
    } catch (e) {
      await editor.stop();
      throw e;
    }
    return editor;
  }

  // serve starts the half of VS Code that has files, extensions and processes. Its
  // wrapper, code-server proper, would only add a login.
  async serve(cache, data) {
    const main = join(cache, "node_modules/code-server/lib/vscode/out/server-main.js");
    const args = [
      main, "--host", "127.0.0.1", "--port", "0", "--without-connection-token", "--accept-server-license-terms",
      "--user-data-dir", data, "--extensions-dir", join(cache, "extensions"), "--disable-telemetry", "--disable-workspace-trust",
    ];
    const env = { ...process.env, HOME: this.dir, NIX_PATH: "" };
    this.server = spawn(process.execPath, args, { env, stdio: ["ignore", "pipe", "pipe"] });
    this.log = "";
    return await new Promise((resolve, reject) => {
      const hear = (chunk) => {
        this.log += chunk;
        const port = /listening on (\d+)/.exec(this.log)?.[1];
        if (port) resolve(`http://127.0.0.1:${port}`);
      };
      this.server.stdout.on("data", hear);
      this.server.stderr.on("data", hear);
      this.server.on("exit", (code) => reject(new Error(`the server ended with ${code}:\n${this.log}`)));
    });
  }

  // browse starts the half that a user sees.
  async browse(cache, url) {
    const { chromium } = createRequire(join(cache, "package.json"))("playwright-core");
    this.browser = await chromium.launch({ executablePath: "/usr/bin/chromium", headless: true, args: flags });
    this.page = await this.browser.newPage({ viewport: { width: 1280, height: 860 } });
    this.page.setDefaultTimeout(patience);
    await this.page.goto(url);
    await this.page.waitForSelector(".monaco-workbench .part.statusbar .right-items .statusbar-item");
  }

  async stop() {
    await this.browser?.close();
    if (this.server && this.server.exitCode === null) {
      const gone = once(this.server, "exit");
      this.server.kill("SIGTERM");
      await gone;
    }
    rmSync(this.dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }

  async shot(name) {
    await this.page.screenshot({ path: join(this.shots, `${name}.png`) });
  }

  async press(...keys) {
    for (const key of keys) await this.page.keyboard.press(key);
  }

  // type lets the editor see one key at a time.
  async type(text) {
    await this.page.keyboard.type(text, { delay: 15 });
  }

  // open shows a file of the project with the cursor at a line and column.
  async open(file, line = 1, column = 1) {
    // Absolute: names are searched with a program that is not installed.
    await this.pick(join(this.project, file) + `:${line}:${column}`, file.split("/").pop());
    await this.until(`the cursor of ${file} at ${line}:${column}`, async () =>
      (await this.page.locator(".part.statusbar").innerText()).includes(`Ln ${line}, Col ${column}`));
    await this.page.locator(".editor-group-container.active .monaco-editor.focused").waitFor();
  }

  // command runs a command of the palette.
  async command(name) {
    await this.pick(`>${name}`, name);
  }

  // pick writes into the palette, and takes the first answer as soon as it is the
  // right one.
  async pick(text, label) {
    await this.press("F1");
    const widget = this.page.locator(".quick-input-widget");
    await widget.locator("input").first().fill(text);
    await this.until(`${label} in the palette`, async () => {
      const rows = widget.locator(".monaco-list-row.focused");
      return (await rows.count()) > 0 && (await rows.first().innerText()).includes(label);
    });
    await this.press("Enter");
    await widget.waitFor({ state: "hidden" });
  }

  // lines are the lines of the file that are on the screen.
  async lines() {
    const list = await this.page.locator(".editor-group-container.active .view-lines .view-line").evaluateAll((lines) =>
      lines.map((l) => [parseInt(l.style.top), l.textContent]).sort((a, b) => a[0] - b[0]).map((l) => l[1]),
    );
    return list.map((l) => l.replaceAll("\u00a0", " "));
  }

  // until waits for a condition, and names it when it does not come about.
  async until(what, condition) {
    const end = Date.now() + patience;
    for (;;) {
      if (await condition()) return;
      if (Date.now() > end) {
        await this.shot("gave-up");
        throw new Error(`waited in vain for ${what}`);
      }
      await this.page.waitForTimeout(50);
    }
  }
}

module.exports = { Editor };

// The extension starts `gonix lsp` and gives it the two things that only an
// editor has: settings and terminals.
const { commands, window, workspace } = require("vscode");
const { LanguageClient, TransportKind } = require("vscode-languageclient/node");

let client;

function start() {
  const config = workspace.getConfiguration("gonix");
  const run = { command: config.get("path"), args: ["lsp"], transport: TransportKind.stdio };
  client = new LanguageClient("gonix", "gonix", { run, debug: run }, {
    documentSelector: [{ scheme: "file", language: "nix" }, { scheme: "untitled", language: "nix" }],
    synchronize: { configurationSection: "gonix" },
    initializationOptions: config,
  });
  return client.start();
}

// The lens "enter this shell" runs in a terminal of the editor.
function shell(arg) {
  const quote = (s) => "'" + s.replaceAll("'", "'\\''") + "'";
  const terminal = window.createTerminal("gonix shell");
  terminal.show();
  terminal.sendText(arg.argv.map(quote).join(" "));
}

async function activate(context) {
  context.subscriptions.push(
    commands.registerCommand("gonix.shell", shell),
    commands.registerCommand("gonix.restart", async () => {
      await client?.stop();
      await start();
    }),
  );
  await start();
}

function deactivate() {
  return client?.stop();
}

module.exports = { activate, deactivate };

// A client made of the libraries that VS Code itself uses: it opens a file, asks as
// a user would, and prints what the server says.
const { spawn } = require("child_process");
const { readFileSync } = require("fs");
const { createRequire } = require("module");
const load = createRequire(process.env.GONIX_NODE + "/package.json");
const lsp = load("vscode-languageserver-protocol/node");

async function main() {
  const dir = process.env.GONIX_DIR;
  const server = spawn(process.env.GONIX, ["lsp"], { stdio: ["pipe", "pipe", "inherit"] });
  const c = lsp.createProtocolConnection(new lsp.StreamMessageReader(server.stdout), new lsp.StreamMessageWriter(server.stdin));
  const uri = "file://" + dir + "/main.nix";
  const diagnostics = new Promise((done) => c.onNotification(lsp.PublishDiagnosticsNotification.type, done));
  c.onRequest(lsp.ConfigurationRequest.type, (p) => p.items.map(() => null));
  c.onRequest(lsp.RegistrationRequest.type, (p) => console.log("registers", p.registrations.map((r) => r.method).join(" ")));
  c.listen();
  const init = await c.sendRequest(lsp.InitializeRequest.type, {
    processId: process.pid, rootUri: "file://" + dir, workspaceFolders: [{ uri: "file://" + dir, name: "x" }],
    capabilities: {
      workspace: { configuration: true, didChangeWatchedFiles: { dynamicRegistration: true }, workspaceEdit: { documentChanges: true } },
      textDocument: {
        publishDiagnostics: {}, hover: { contentFormat: ["markdown"] },
        codeAction: { dataSupport: true, resolveSupport: { properties: ["edit"] } },
      },
    },
  });
  console.log("server", init.serverInfo.name);
  await c.sendNotification(lsp.InitializedNotification.type, {});
  await c.sendNotification(lsp.DidOpenTextDocumentNotification.type, {
    textDocument: { uri, languageId: "nix", version: 1, text: readFileSync(dir + "/main.nix", "utf8") },
  });
  console.log("diagnostic", (await diagnostics).diagnostics.map((d) => d.code).join(" "));
  const at = { textDocument: { uri }, position: { line: 4, character: 2 } };
  console.log("hover", JSON.stringify((await c.sendRequest(lsp.HoverRequest.type, at)).contents));
  console.log("definition", (await c.sendRequest(lsp.DefinitionRequest.type, at))[0].range.start.line + 1);
  const edit = await c.sendRequest(lsp.RenameRequest.type, { ...at, newName: "renamed" });
  console.log("rename", edit.documentChanges[0].edits.length);
  const tokens = await c.sendRequest(lsp.SemanticTokensRequest.type, { textDocument: { uri } });
  console.log("tokens", tokens.data.length / 5);
  const [action] = await c.sendRequest(lsp.CodeActionRequest.type, {
    textDocument: { uri }, range: { start: at.position, end: at.position }, context: { diagnostics: [], only: ["source.fixAll"] },
  });
  const resolved = await c.sendRequest(lsp.CodeActionResolveRequest.type, action);
  console.log("action", action.edit, JSON.stringify(resolved.edit.documentChanges[0].edits));
  const cancel = new lsp.CancellationTokenSource();
  const slow = c.sendRequest(lsp.ReferencesRequest.type, { ...at, context: { includeDeclaration: true } }, cancel.token).then(() => "answered", (e) => "cancelled");
  cancel.cancel();
  console.log("cancel", ["answered", "cancelled"].includes(await slow));
  await c.sendRequest(lsp.ShutdownRequest.type);
  const exited = new Promise((done) => server.on("exit", done));
  await c.sendNotification(lsp.ExitNotification.type);
  console.log("exit", await exited);
}

main().then(() => process.exit(0), (e) => { console.error(e); process.exit(1); });

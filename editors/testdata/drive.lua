-- Opens the file given, asks the server as a user would, and writes what it says.
local dir, out = vim.env.GONIX_DIR, io.open(vim.env.GONIX_OUT, "w")
package.path = vim.env.GONIX_LUA .. "/?.lua;" .. package.path
local gonix = require("gonix")
local file = dir .. "/main.nix"
vim.cmd("edit " .. file)
local buf = vim.api.nvim_get_current_buf()
gonix.start(buf, { cmd = { vim.env.GONIX, "lsp" } })

local function at(line, col)
  return { textDocument = vim.lsp.util.make_text_document_params(buf), position = { line = line, character = col } }
end

local function ask(method, params)
  local answers = vim.lsp.buf_request_sync(buf, method, params, 20000) or {}
  for _, answer in pairs(answers) do
    if answer.err or answer.error then
      return "error: " .. vim.inspect(answer.err or answer.error)
    end
    return answer.result
  end
end

vim.wait(20000, function()
  for _, c in pairs(vim.lsp.buf_get_clients(buf)) do
    return c.initialized
  end
end, 10)
vim.wait(20000, function()
  return #vim.diagnostic.get(buf) > 0
end, 10)
for _, d in ipairs(vim.diagnostic.get(buf)) do
  out:write("diagnostic ", d.lnum + 1, " ", d.code or "", "\n")
end
local hover = ask("textDocument/hover", at(1, 2))
out:write("hover ", vim.inspect(hover and hover.contents and hover.contents.value), "\n")
local def = ask("textDocument/definition", at(4, 0))
-- The folder of a file: that of the nearest mark of the kind that counts most.
for path, text in pairs({ ["work/.git"] = "gitdir: x", ["work/a/b.nix"] = "1", ["repo/.git/HEAD"] = "x", ["repo/a/b.nix"] = "1" }) do
  vim.fn.mkdir(vim.fn.fnamemodify(dir .. "/roots/" .. path, ":h"), "p")
  vim.fn.writefile({ text }, dir .. "/roots/" .. path)
end
for _, name in ipairs({ "work", "repo" }) do
  out:write("root ", name, " ", vim.fn.fnamemodify(gonix.root(dir .. "/roots/" .. name .. "/a/b.nix"), ":t"), "\n")
end
out:write("definition ", def and def[1] and def[1].range.start.line + 1 or "none", "\n")
local items = ask("textDocument/completion", at(4, 3))
local list = items and (items.items or items) or {}
out:write("completion ", list[1] and list[1].label or "none", "\n")
local rename = at(1, 2)
rename.newName = "renamed"
vim.lsp.util.apply_workspace_edit(ask("textDocument/rename", rename), "utf-16")
out:write("renamed ", vim.api.nvim_buf_get_lines(buf, 4, 5, true)[1], "\n")
local edits = ask("textDocument/formatting", { textDocument = at(0, 0).textDocument, options = { tabSize = 2, insertSpaces = true } })
vim.lsp.util.apply_text_edits(edits or {}, buf, "utf-16")
out:write("formatted ", vim.api.nvim_buf_get_lines(buf, 1, 2, true)[1], "\n")
-- An action whose edit Neovim asks for when it was chosen.
vim.ui.select = function(items, _, choose)
  choose(items[1])
end
vim.lsp.buf.code_action({ diagnostics = {}, only = { "source.fixAll" }, context = { diagnostics = {}, only = { "source.fixAll" } } })
vim.wait(20000, function()
  return vim.api.nvim_buf_line_count(buf) == 4
end, 10)
out:write("fixed ", table.concat(vim.api.nvim_buf_get_lines(buf, 0, -1, true), " "), "\n")
-- The terminal of the lens "enter this shell" runs what the server says.
local ran = dir .. "/ran"
vim.lsp.commands["gonix.shell"]({ arguments = { { argv = { "sh", "-c", 'echo "$0" > "$1"', "it's here", ran } } } })
vim.wait(20000, function()
  return vim.fn.getfsize(ran) > 0
end, 10)
out:write("terminal ", vim.fn.readfile(ran)[1], "\n")
out:close()
vim.cmd("qa!")

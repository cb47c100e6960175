-- Neovim 0.7 and later. Put this file into lua/ of your configuration and say
-- require("gonix").setup() in init.lua.
local M = {}

function M.setup(opts)
  opts = opts or {}
  vim.filetype = vim.filetype or {}
  vim.api.nvim_create_autocmd({ "BufRead", "BufNewFile" }, {
    pattern = "*.nix",
    callback = function()
      vim.bo.filetype = "nix"
    end,
  })
  vim.api.nvim_create_autocmd("FileType", {
    pattern = "nix",
    callback = function(args)
      M.start(args.buf, opts)
    end,
  })
end

-- The lens "enter this shell" opens a terminal.
vim.lsp.commands["gonix.shell"] = function(command)
  vim.cmd("botright new")
  vim.fn.termopen(command.arguments[1].argv)
end

-- root finds the folder that a file belongs to.
function M.root(file)
  local dir = vim.fn.fnamemodify(file, ":p:h")
  for _, mark in ipairs({ "flake.nix", ".git", "default.nix" }) do
    local found = vim.fn.finddir(mark, dir .. ";")
    if found ~= "" then
      return vim.fn.fnamemodify(found, ":p:h:h")
    end
    found = vim.fn.findfile(mark, dir .. ";") -- .git is a file in a work tree
    if found ~= "" then
      return vim.fn.fnamemodify(found, ":p:h")
    end
  end
  return dir
end

local clients = {}

-- start attaches a buffer to the server of its folder.
function M.start(buf, opts)
  local root = M.root(vim.api.nvim_buf_get_name(buf))
  local id = clients[root]
  if not id or not vim.lsp.get_client_by_id(id) then
    id = vim.lsp.start_client({
      name = "gonix",
      cmd = opts.cmd or { "gonix", "lsp" },
      root_dir = root,
      settings = { gonix = opts.settings or vim.empty_dict() },
      on_attach = opts.on_attach,
    })
    clients[root] = id
  end
  vim.lsp.buf_attach_client(buf, id)
  return id
end

return M

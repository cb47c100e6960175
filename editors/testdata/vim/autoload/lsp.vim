" What vim-lsp has of functions that gonix.vim calls: they keep what they are given.
let g:servers = []
let g:commands = {}

function! lsp#register_server(info) abort
  call add(g:servers, a:info)
endfunction

function! lsp#register_command(name, callback) abort
  let g:commands[a:name] = a:callback
endfunction

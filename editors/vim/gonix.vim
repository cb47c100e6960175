" For vim-lsp: put this file into ~/.vim/plugin/.
if executable('gonix')
  augroup gonix
    autocmd!
    autocmd BufRead,BufNewFile *.nix setfiletype nix
    autocmd User lsp_setup call lsp#register_server({
          \ 'name': 'gonix',
          \ 'cmd': {server_info -> ['gonix', 'lsp']},
          \ 'allowlist': ['nix'],
          \ 'workspace_config': {'gonix': {}},
          \ })
  augroup END
endif

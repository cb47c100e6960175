" For vim-lsp: put this file into ~/.vim/plugin/.
if !executable('gonix')
  finish
endif

" The lens "enter this shell" opens a terminal.
function! s:shell(context) abort
  call term_start(a:context.command.arguments[0].argv)
endfunction

function! s:setup() abort
  call lsp#register_server({
        \ 'name': 'gonix',
        \ 'cmd': {server_info -> ['gonix', 'lsp']},
        \ 'allowlist': ['nix'],
        \ 'workspace_config': {'gonix': {}},
        \ })
  call lsp#register_command('gonix.shell', function('s:shell'))
endfunction

augroup gonix
  autocmd!
  autocmd BufRead,BufNewFile *.nix setfiletype nix
  autocmd User lsp_setup call s:setup()
augroup END

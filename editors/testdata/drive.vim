" Loads the plugin, starts the server that it registers, and asks that as vim-lsp
" would, over Vim's own channel.
set nocompatible
let s:out = []
execute 'set runtimepath^=' . $GONIX_STUB
execute 'source' $GONIX_VIM
execute 'edit' $GONIX_DIR . '/main.nix'
doautocmd User lsp_setup
call add(s:out, 'filetype ' . &filetype)
let s:server = g:servers[0]
call add(s:out, 'server ' . s:server.name . ' for ' . join(s:server.allowlist) . ' with ' . string(s:server.workspace_config))
let s:job = job_start(s:server.cmd({}), {'in_mode': 'lsp', 'out_mode': 'lsp', 'err_mode': 'nl', 'out_cb': {ch, msg -> s:heard(msg)}})

function! s:heard(msg) abort
  if get(a:msg, 'method', '') ==# 'textDocument/publishDiagnostics'
    for d in a:msg.params.diagnostics
      call add(s:out, 'diagnostic ' . (d.range.start.line + 1) . ' ' . d.code)
    endfor
  endif
endfunction

function! s:ask(method, params) abort
  let answer = ch_evalexpr(s:job, {'method': a:method, 'params': a:params}, {'timeout': 60000})
  return get(answer, 'result', answer)
endfunction

let s:doc = {'uri': 'file://' . expand('%:p')}
let s:at = {'textDocument': s:doc, 'position': {'line': 1, 'character': 2}}
call s:ask('initialize', {'processId': getpid(), 'rootUri': 'file://' . $GONIX_DIR, 'capabilities': {}})
call ch_sendexpr(s:job, {'method': 'initialized', 'params': {}})
call ch_sendexpr(s:job, {'method': 'textDocument/didOpen', 'params': {'textDocument': {'uri': s:doc.uri, 'languageId': 'nix', 'version': 1, 'text': join(getline(1, '$'), "\n") . "\n"}}})
let s:tries = 0
while s:tries < 1200 && join(s:out) !~# 'diagnostic'
  sleep 50m
  let s:tries += 1
endwhile
call add(s:out, 'hover ' . s:ask('textDocument/hover', s:at).contents.value)
call add(s:out, 'definition ' . (s:ask('textDocument/definition', extend({'position': {'line': 4, 'character': 0}}, s:at, 'keep'))[0].range.start.line + 1))
call g:commands['gonix.shell']({'command': {'arguments': [{'argv': ['sh', '-c', 'echo "$0" > "$1"', "it's here", $GONIX_DIR . '/ran']}]}})
let s:tries = 0
while s:tries < 1200 && getfsize($GONIX_DIR . '/ran') <= 0
  sleep 50m
  let s:tries += 1
endwhile
call add(s:out, 'terminal ' . readfile($GONIX_DIR . '/ran')[0])
call s:ask('shutdown', v:null)
call ch_sendexpr(s:job, {'method': 'exit'})
call writefile(s:out, $GONIX_OUT)
qall!

# For kakoune-lsp 18 and later: source this in kakrc after `eval %sh{kak-lsp}`.
remove-hooks global lsp-filetype-nix
hook -group lsp-filetype-nix global BufSetOption filetype=nix %{
    set-option buffer lsp_servers %{
        [gonix]
        command = "gonix"
        args = ["lsp"]
        root_globs = ["flake.nix", "default.nix", ".git"]
        settings_section = "gonix"
        [gonix.settings.gonix]
    }
}
hook global WinSetOption filetype=nix lsp-enable-window

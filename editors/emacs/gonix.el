;;; gonix.el --- Nix with the gonix language server  -*- lexical-binding: t -*-

;; Package-Requires: ((emacs "28.1") (eglot "1.9"))

;;; Commentary:

;; Tells eglot of `gonix lsp', and provides a small major mode for those who
;; have no other for Nix.

;;; Code:

(require 'eglot)

(defvar gonix-program "gonix" "The gonix program.")

(unless (or (fboundp 'nix-mode) (fboundp 'nix-ts-mode))
  (define-derived-mode nix-mode prog-mode "Nix"
    "Major mode for Nix expressions."
    (setq-local comment-start "# ")
    (setq-local comment-start-skip "#+ *")
    (setq-local indent-tabs-mode nil)
    (setq-local tab-width 2)
    (modify-syntax-entry ?# "<" nix-mode-syntax-table)
    (modify-syntax-entry ?\n ">" nix-mode-syntax-table))
  (add-to-list 'auto-mode-alist '("\\.nix\\'" . nix-mode)))

(dolist (mode '(nix-mode nix-ts-mode))
  (add-to-list 'eglot-server-programs (cons mode (lambda (&rest _) (list gonix-program "lsp")))))

;;;###autoload
(add-hook 'nix-mode-hook #'eglot-ensure)
;;;###autoload
(add-hook 'nix-ts-mode-hook #'eglot-ensure)

(provide 'gonix)
;;; gonix.el ends here

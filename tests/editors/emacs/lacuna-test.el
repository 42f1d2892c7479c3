;;; lacuna-test.el --- A real Emacs with lacuna.el, in batch mode -*- lexical-binding: t; -*-

;; Run by test_emacs.py, one test a process.  LACUNA_CLIENT is eglot or lsp-mode, LACUNA_PROJECT an empty folder with a .git,
;; LACUNA_COMMAND the server's command as a Lisp list.  Keys go through the command loop, as typed ones do.

;;; Code:

(require 'ert)
(defvar lacuna-test-client (intern (getenv "LACUNA_CLIENT")))
(require lacuna-test-client)
(require 'lacuna)
(setq lacuna-command (car (read-from-string (getenv "LACUNA_COMMAND")))
      lacuna-delay 0.02
      eglot-connect-timeout 60 eglot-sync-connect 60 eglot-autoshutdown nil eglot-confirm-server-initiated-edits nil
      lsp-auto-configure t lsp-modeline-code-actions-enable nil lsp-modeline-diagnostics-enable nil lsp-modeline-workspace-status-enable nil
      lsp-headerline-breadcrumb-enable nil lsp-enable-snippet nil lsp-auto-guess-root t lsp-restart 'ignore lsp-enable-file-watchers nil lsp-warn-no-matched-clients nil
      lsp-enable-suggest-server-download nil lsp-session-file (expand-file-name "session" (getenv "LACUNA_PROJECT"))
      python-indent-guess-indent-offset nil
      make-backup-files nil create-lockfiles nil)
(if (eq lacuna-test-client 'eglot) (lacuna-setup-eglot) (lacuna-setup-lsp-mode))

(defun lacuna-test-until (what condition)
  "The first true value of CONDITION, which is WHAT."
  (let ((end (+ (float-time) 60)) value)
    (while (not (setq value (funcall condition)))
      (when (> (float-time) end) (error "Not within a minute: %s" what))
      (accept-process-output nil 0.02))
    value))

(defun lacuna-test-open (name text)
  "Open a file with TEXT, in which ^ is point, and connect it to the server."
  (let* ((file (expand-file-name name (getenv "LACUNA_PROJECT"))) (at (string-search "^" text)))
    (with-temp-file file (insert (string-replace "^" "" text)))
    (switch-to-buffer (find-file-noselect file))
    (when at (goto-char (1+ at)))
    (if (eq lacuna-test-client 'eglot)
        (apply #'eglot (eglot--guess-contact))
      (lsp))
    (lacuna-test-until "lacuna-mode in the buffer" (lambda () (and lacuna-mode (lacuna--connected-p))))))

(defun lacuna-test-status ()
  "What the server tells of itself."
  (let (status)
    (lacuna--request "workspace/executeCommand" '(:command "lacuna.status" :arguments []) (lambda (answer) (setq status answer)))
    (lacuna-test-until "the status" (lambda () status))))

(defun lacuna-test-count (name)
  "The count NAME of the server's status."
  (lacuna--get (lacuna--get (lacuna-test-status) "completions") name))

(defun lacuna-test-model ()
  "Wait for the model."
  (lacuna-test-until "the model"
                     (lambda () (equal "ready" (lacuna--get (lacuna--get (lacuna-test-status) "model") "state")))))

(defun lacuna-test-keys (keys)
  "Type KEYS."
  (execute-kbd-macro (kbd keys)))

(defun lacuna-test-ghost ()
  "The text that is drawn, or nil."
  (when lacuna--shown
    (let ((overlay (lacuna--shown-overlay lacuna--shown)))
      (substring-no-properties (or (overlay-get overlay 'after-string) (overlay-get overlay 'display))))))

(defun lacuna-test-shown ()
  "Open a file, type a key and return the ghost text that comes."
  (lacuna-test-open "a.py" "import os\n\n\ndef add(first, second):\n    return ^\n")
  (lacuna-test-model)
  (lacuna-test-keys "f")
  (lacuna-test-until "ghost text" #'lacuna-test-ghost))

(defun lacuna-test-line () "The line of point." (buffer-substring-no-properties (line-beginning-position) (line-end-position)))

(ert-deftest lacuna-typing-shows-ghost-text-and-tab-accepts-it ()
  (let ((ghost (lacuna-test-shown)))
    (should (string-prefix-p "irst" ghost))
    (should (equal (lacuna-test-line) "    return f"))
    (lacuna-test-keys "TAB")
    (should (equal (car (split-string (buffer-substring (line-beginning-position 1) (point)) "\n"))
                   (car (split-string (concat "    return f" ghost) "\n"))))
    (should-not (equal (lacuna-test-ghost) ghost))
    (lacuna-test-until "the acceptance" (lambda () (equal 1 (lacuna-test-count "accepted"))))
    (should (<= 1 (lacuna-test-count "shown")))))

(ert-deftest lacuna-a-word-at-a-time-keeps-the-rest-shown ()
  (let ((ghost (lacuna-test-shown)))
    (lacuna-test-keys "M-<right>")
    (let ((accepted (string-remove-prefix "    return f" (lacuna-test-line))))
      (should-not (equal accepted ""))
      (should (string-prefix-p accepted ghost))
      (should (equal (lacuna-test-ghost) (string-remove-prefix accepted ghost))))
    (should (equal 1 (lacuna-test-count "partiallyAccepted")))))

(ert-deftest lacuna-a-line-at-a-time ()
  (let ((ghost (lacuna-test-shown)))
    (lacuna-test-keys "C-M-<right>")
    (should (equal (lacuna-test-line) (concat "    return f" (car (split-string ghost "\n")))))))

(ert-deftest lacuna-typing-along-shortens-it-and-anything-else-takes-it-away ()
  (let ((ghost (lacuna-test-shown)))
    (lacuna-test-keys (substring ghost 0 1))
    (should (equal (lacuna-test-ghost) (substring ghost 1)))
    (lacuna-test-keys "@")
    (should-not (lacuna-test-ghost))))

(ert-deftest lacuna-dismissing-and-moving-take-it-away ()
  (lacuna-test-shown)
  (lacuna-test-keys "C-g")
  (should-not (lacuna-test-ghost))
  (should (equal (lacuna-test-line) "    return f"))
  (lacuna-complete)
  (lacuna-test-until "ghost text asked for by hand" #'lacuna-test-ghost)
  (lacuna-test-keys "C-b")
  (should-not (lacuna-test-ghost)))

(ert-deftest lacuna-tab-means-what-it-always-does-without-ghost-text ()
  (setq lacuna-delay nil)
  (lacuna-test-open "a.py" "def f():\n^return 1\n")
  (lacuna-test-keys "TAB")
  (should (equal (lacuna-test-line) "    return 1")))

(ert-deftest lacuna-an-error-is-marked-and-the-quick-fix-mends-it ()
  (lacuna-test-open "a.py" "print((1, 2)\n")
  (let ((inhibit-message t) (last-nonmenu-event ?x)) ; as chosen by the keyboard, not the mouse
    (cl-letf (((symbol-function 'completing-read)
               (lambda (_prompt collection &rest _) (car (all-completions "" collection)))))
      (goto-char (point-min))
      (if (eq lacuna-test-client 'eglot)
          (progn
            (lacuna-test-until "a diagnostic" (lambda () (flymake-diagnostics)))
            (eglot-code-actions (point-min) (point-max) "quickfix" t))
        (lacuna-test-until "a diagnostic" (lambda () (> (hash-table-count (lsp-diagnostics t)) 0)))
        (lsp-execute-code-action (car (append (lsp-code-actions-at-point) nil))))
      (lacuna-test-until "the mended text" (lambda () (string-match-p "print((1, 2))" (buffer-string)))))))

(ert-deftest lacuna-the-commands-tell-the-servers-words ()
  (lacuna-test-open "a.py" "x = 1\n")
  (cl-flet ((told (command part)
              (lacuna-test-until part (lambda ()
                                        (funcall command)
                                        (accept-process-output nil 0.2)
                                        (with-current-buffer (messages-buffer) (string-match-p part (buffer-string)))))))
    (told #'lacuna-status "Lacuna 0")
    (told #'lacuna-pause "Completions are paused")
    (told #'lacuna-why "completions are paused")
    (told #'lacuna-resume "Completions are on")))

(ert-deftest lacuna-the-doctor-says-what-is-wrong-and-how-to-mend-it ()
  (lacuna-test-open "a.py" "x = 1\n")
  (lacuna-test-model) ; Emacs answers its questions before it ends
  (lacuna-doctor)
  (with-current-buffer "*lacuna doctor*"
    (should (string-match-p "is served by lacuna through" (buffer-string)))
    (should (string-match-p "processor" (buffer-string))))
  (let ((lacuna-command '("no-such-lacuna")))
    (with-temp-buffer (lacuna-doctor)))
  (with-current-buffer "*lacuna doctor*"
    (should (string-match-p "no server serves" (buffer-string)))
    (should (string-match-p "'no-such-lacuna' is not a program" (buffer-string)))))

;;; lacuna-test.el ends here

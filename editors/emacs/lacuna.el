;;; lacuna.el --- Ghost text and syntax repairs from the language server lacuna -*- lexical-binding: t; -*-

;; Package-Requires: ((emacs "28.1"))
;; Version: 0.1.0
;; Keywords: languages, convenience, tools
;; SPDX-License-Identifier: Apache-2.0

;;; Commentary:

;; Eglot has no ghost text, and neither has lsp-mode before version 10.  This file gives both to the server lacuna:
;; `lacuna-mode' asks textDocument/inlineCompletion while you type and draws the answer in an overlay.
;;
;; With eglot:     (require 'lacuna) (lacuna-setup-eglot)     then M-x eglot
;; With lsp-mode:  (require 'lacuna) (lacuna-setup-lsp-mode)  then M-x lsp; it runs beside your other servers
;;
;; Quick-fixes are those of the client: M-x eglot-code-actions, M-x lsp-execute-code-action.

;;; Code:

(require 'cl-lib)
(require 'seq)
(require 'subr-x)

(defgroup lacuna nil "Ghost text and syntax repairs from a model on your own machine." :group 'tools :prefix "lacuna-")

(defcustom lacuna-command '("lacuna" "lsp")
  "The server and its arguments, a model for example: (\"lacuna\" \"lsp\" \"--model\" \"NAME\")."
  :type '(repeat string))

(defcustom lacuna-settings nil
  "The server's own settings as a property list, for example (:completion (:maxLines 1))."
  :type '(plist))

(defcustom lacuna-modes
  '(python-mode js-mode typescript-mode c-mode c++-mode go-mode rust-mode java-mode csharp-mode ruby-mode php-mode sh-mode json-mode
    python-ts-mode js-ts-mode typescript-ts-mode tsx-ts-mode c-ts-mode c++-ts-mode go-ts-mode rust-ts-mode java-ts-mode csharp-ts-mode
    ruby-ts-mode bash-ts-mode json-ts-mode)
  "Major modes in which the server is used."
  :type '(repeat symbol))

(defcustom lacuna-delay 0.05
  "How many seconds the keyboard must rest before the server is asked; nil: only `lacuna-complete' asks."
  :type '(choice number (const :tag "Only by hand" nil)))

(defface lacuna-ghost '((t :inherit shadow)) "Text that is suggested and not in the buffer.")

;;; What is shown

(cl-defstruct lacuna--shown
  overlay
  items    ; of the server, best first
  index    ; of the one that is shown
  all      ; whether these are all that the server has to offer
  rest     ; what accepting all of it writes at point
  overlap  ; what stands after point and is replaced by it
  tick     ; of the buffer when it was drawn
  (written 0)) ; UTF-16 units of the item that were accepted in parts

(defvar-local lacuna--shown nil)
(defvar lacuna-mode)
(defvar-local lacuna--timer nil)
(defvar-local lacuna--asked 0 "Counts requests: an answer to any but the last is dropped.")
(defvar-local lacuna--tick nil "Of the buffer after the last command.")

(defun lacuna--get (object key)
  "KEY, a string, of a JSON OBJECT as eglot or lsp-mode read it."
  (cond ((hash-table-p object) (gethash key object))
        ((keywordp (car-safe object)) (plist-get object (intern (concat ":" key))))
        (t (alist-get (intern key) object))))

(defun lacuna--clear ()
  "Take the ghost text away; an answer that is on its way will not be shown."
  (cl-incf lacuna--asked)
  (when lacuna--timer (cancel-timer lacuna--timer) (setq lacuna--timer nil))
  (when lacuna--shown
    (delete-overlay (lacuna--shown-overlay lacuna--shown))
    (setq lacuna--shown nil)))

(defun lacuna--draw (shown)
  "Draw SHOWN at point: before what follows, or in place of what it replaces."
  (let* ((overlay (lacuna--shown-overlay shown))
         (overlap (length (lacuna--shown-overlap shown)))
         (text (propertize (lacuna--shown-rest shown) 'face 'lacuna-ghost)))
    (put-text-property 0 1 'cursor t text)
    (move-overlay overlay (point) (+ (point) overlap))
    (overlay-put overlay 'display (and (> overlap 0) text))
    (overlay-put overlay 'after-string (and (= overlap 0) text))
    (setf (lacuna--shown-tick shown) (buffer-chars-modified-tick))
    (setq lacuna--shown shown)))

(defun lacuna--place (item)
  "The text that ITEM writes at point and the text after point that it replaces, as a pair; nil if it cannot follow point."
  (let* ((raw (lacuna--get item "insertText"))
         (text (and raw (string-replace "\r\n" "\n" (if (stringp raw) raw (lacuna--get raw "value")))))
         (range (lacuna--get item "range"))
         (start (if range (lacuna--point (lacuna--get range "start")) (point)))
         (end (if range (lacuna--point (lacuna--get range "end")) (point))))
    (when (and text (<= (line-beginning-position) start (point)) (<= (point) end (line-end-position)))
      (let ((typed (buffer-substring-no-properties start (point))))
        (when (and (string-prefix-p typed text) (> (length text) (length typed)))
          (cons (substring text (length typed)) (buffer-substring-no-properties (point) end)))))))

(defun lacuna--present (items index step all)
  "Show the first of ITEMS that fits, from INDEX on in steps of STEP.  ALL: the server has no others."
  (lacuna--clear)
  (cl-loop for n below (length items)
           for at = (mod (+ index (* n step)) (length items))
           for place = (lacuna--place (nth at items))
           when place
           do (lacuna--draw (make-lacuna--shown :overlay (make-overlay (point) (point)) :items items :index at :all all
                                                :rest (car place) :overlap (cdr place)))
           (lacuna--notify "textDocument/didShowCompletion" (list :item (lacuna--plain (nth at items))))
           and return t))

;;; The two clients

(declare-function object-of-class-p "eieio-core")
(declare-function eglot-current-server "eglot")
(declare-function eglot--signal-textDocument/didChange "eglot")
(declare-function eglot--TextDocumentPositionParams "eglot")
(declare-function eglot--lsp-position-to-point "eglot")
(declare-function jsonrpc-async-request "jsonrpc")
(declare-function jsonrpc-notify "jsonrpc")
(declare-function lsp-workspaces "lsp-mode")
(declare-function lsp--workspace-client "lsp-mode")
(declare-function lsp--client-server-id "lsp-mode")
(declare-function lsp-request-async "lsp-mode")
(declare-function lsp-notify "lsp-mode")
(declare-function lsp--text-document-position-params "lsp-mode")
(declare-function lsp--position-to-point "lsp-mode")
(declare-function lsp-register-client "lsp-mode")
(declare-function make-lsp-client "lsp-mode")
(declare-function lsp-stdio-connection "lsp-mode")
(defvar eglot-server-programs)
(defvar lsp--cur-workspace)
(defvar lsp--buffer-workspaces)
(defvar lsp-language-id-configuration)

(defun lacuna--eglot-server ()
  "Eglot's server of this buffer, if it is lacuna."
  (let ((server (and (featurep 'eglot) (eglot-current-server))))
    (and server (cl-find-class 'lacuna-eglot-server) (object-of-class-p server 'lacuna-eglot-server) server)))

(defun lacuna--lsp-workspace ()
  "The workspace of lsp-mode in which lacuna serves this buffer."
  (and (bound-and-true-p lsp-mode)
       (seq-find (lambda (workspace) (eq (lsp--client-server-id (lsp--workspace-client workspace)) 'lacuna)) (lsp-workspaces))))

(defmacro lacuna--with-workspace (workspace &rest body)
  "Run BODY with WORKSPACE as the only one of lsp-mode."
  (declare (indent 1))
  `(let* ((lsp--cur-workspace ,workspace) (lsp--buffer-workspaces (list lsp--cur-workspace))) ,@body))

(defun lacuna--point (position)
  "The buffer position of an LSP POSITION."
  (if (lacuna--eglot-server) (eglot--lsp-position-to-point position) (lsp--position-to-point position)))

(defun lacuna--plain (object)
  "OBJECT of JSON as property lists, which both clients can send."
  (cond ((hash-table-p object)
         (let (list) (maphash (lambda (key value) (setq list (cons (intern (concat ":" key)) (cons (lacuna--plain value) list)))) object) list))
        ((vectorp object) (vconcat (mapcar #'lacuna--plain object)))
        (t object)))

(defun lacuna--notify (method params)
  "Send the notification METHOD with PARAMS, a property list."
  (let ((server (lacuna--eglot-server)) (workspace (lacuna--lsp-workspace)))
    (cond (server (jsonrpc-notify server (intern (concat ":" method)) params))
          (workspace (lacuna--with-workspace workspace (lsp-notify method params))))))

(defun lacuna--request (method params callback)
  "Send the request METHOD; CALLBACK gets its result, in this buffer.  PARAMS is a property list.
Signals an error without a server."
  (let* ((server (lacuna--eglot-server)) (workspace (lacuna--lsp-workspace)) (buffer (current-buffer))
         (in-buffer (lambda (result) (when (buffer-live-p buffer) (with-current-buffer buffer (funcall callback result))))))
    (cond (server
           (eglot--signal-textDocument/didChange)
           (jsonrpc-async-request server (intern (concat ":" method)) params :success-fn in-buffer :error-fn #'ignore :timeout-fn #'ignore))
          (workspace
           (lacuna--with-workspace workspace
             (lsp-request-async method params in-buffer :error-handler #'ignore :mode 'detached)))
          (t (user-error "Lacuna: no server serves this buffer; start it with M-x eglot or M-x lsp, see M-x lacuna-doctor")))))

(defun lacuna--position-params ()
  "TextDocumentPositionParams of point as a property list."
  (if (lacuna--eglot-server) (eglot--TextDocumentPositionParams) (lsp--text-document-position-params)))

(defun lacuna--connected-p ()
  "Whether a server serves this buffer."
  (or (lacuna--eglot-server) (lacuna--lsp-workspace)))

(defconst lacuna--invoked 1)
(defconst lacuna--automatic 2)

(defun lacuna--ask (kind &optional index step)
  "Ask for suggestions of KIND and show the one at INDEX (the first), or the next in STEP that fits."
  (cl-incf lacuna--asked)
  (let ((mine lacuna--asked) (tick (buffer-chars-modified-tick)) (place (point)))
    (lacuna--request
     "textDocument/inlineCompletion" (append (lacuna--position-params) (list :context (list :triggerKind kind)))
     (lambda (result)
       (when (and lacuna-mode (= mine lacuna--asked) (= tick (buffer-chars-modified-tick)) (= place (point)))
         (let ((items (append (if (vectorp result) result (lacuna--get result "items")) nil)))
           (unless (and items (lacuna--present items (or index 0) (or step 1) (= kind lacuna--invoked)))
             (lacuna--clear)
             (when (= kind lacuna--invoked) (lacuna-why)))))))))

;;; What follows a command

(defun lacuna--follow ()
  "Shorten the ghost text by what was typed along it.  Nil if something else was done."
  (let* ((shown lacuna--shown) (overlay (lacuna--shown-overlay shown)) (start (overlay-start overlay)))
    (and start (> (point) start)
         (let ((typed (buffer-substring-no-properties start (point))) (rest (lacuna--shown-rest shown)))
           (and (eq (lacuna--shown-tick shown) lacuna--tick)
                (string-prefix-p typed rest) (> (length rest) (length typed))
                (progn (setf (lacuna--shown-rest shown) (substring rest (length typed)))
                       (lacuna--draw shown)
                       t))))))

(defun lacuna--post-command ()
  "Keep the ghost text in step with the buffer, and ask for more after a change."
  (let ((tick (buffer-chars-modified-tick)))
    (cond ((not (eq tick lacuna--tick))
           (unless (and lacuna--shown (or (eq tick (lacuna--shown-tick lacuna--shown)) (lacuna--follow))) (lacuna--clear))
           (setq lacuna--tick tick)
           (lacuna--ask-soon))
          ((and lacuna--shown (/= (point) (overlay-start (lacuna--shown-overlay lacuna--shown)))) (lacuna--clear)))))

(defun lacuna--ask-soon ()
  "Ask when the keyboard has rested."
  (when lacuna--timer (cancel-timer lacuna--timer) (setq lacuna--timer nil))
  (when (and lacuna-delay (not buffer-read-only) (not (use-region-p)))
    (let ((buffer (current-buffer)))
      (setq lacuna--timer
            (run-with-timer lacuna-delay nil
                            (lambda ()
                              (when (buffer-live-p buffer)
                                (with-current-buffer buffer
                                  (setq lacuna--timer nil)
                                  (when (and lacuna-mode (lacuna--connected-p)) (lacuna--ask lacuna--automatic))))))))))

;;; Accepting

(defun lacuna--accept (piece)
  "Write PIECE of the ghost text at point.  A piece that reaches what is to be replaced replaces all of it."
  (let* ((shown lacuna--shown) (rest (lacuna--shown-rest shown)) (overlap (lacuna--shown-overlap shown))
         (first-line (car (split-string rest "\n")))
         (at (and (not (string-empty-p overlap)) (string-match (concat ".*\\(" (regexp-quote overlap) "\\)") first-line) (match-beginning 1)))
         (item (nth (lacuna--shown-index shown) (lacuna--shown-items shown))))
    (when (and at (> (length piece) at)) (setq piece (substring rest 0 (max (length piece) (+ at (length overlap))))))
    (let ((whole (= (length piece) (length rest))))
      (delete-overlay (lacuna--shown-overlay shown))
      (undo-boundary)
      (when (or whole (and at (> (length piece) at)) (and (not at) (string-match-p "\n" piece)))
        (delete-char (length overlap))
        (setq overlap ""))
      (insert piece)
      (undo-boundary)
      (if whole
          (progn (setq lacuna--shown nil)
                 (lacuna--run-command (lacuna--get item "command")))
        (setf (lacuna--shown-rest shown) (substring rest (length piece))
              (lacuna--shown-overlap shown) overlap)
        (lacuna--draw shown)
        (cl-incf (lacuna--shown-written shown) (/ (length (encode-coding-string piece 'utf-16le)) 2))
        (lacuna--notify "textDocument/didPartiallyAcceptCompletion"
                        (list :item (lacuna--plain item) :acceptedLength (lacuna--shown-written shown)))))))

(defun lacuna--run-command (command)
  "Run COMMAND of an item on the server; it tells that the item was accepted."
  (when command
    (lacuna--request "workspace/executeCommand"
                     (list :command (lacuna--get command "command") :arguments (vconcat (lacuna--get command "arguments"))) #'ignore)))

(defun lacuna-accept () "Accept the ghost text." (interactive)
       (when lacuna--shown (lacuna--accept (lacuna--shown-rest lacuna--shown))))

(defun lacuna-accept-word () "Accept the next word of the ghost text." (interactive)
       (when lacuna--shown
         (let ((rest (lacuna--shown-rest lacuna--shown)))
           (string-match "\\`[ \t\n]*\\(?:[[:alnum:]_]+\\|[^[:alnum:]_ \t\n]+\\)?" rest)
           (lacuna--accept (match-string 0 rest)))))

(defun lacuna-accept-line () "Accept the ghost text up to the end of its line." (interactive)
       (when lacuna--shown
         (let ((rest (lacuna--shown-rest lacuna--shown)))
           (string-match "\\`\n*[^\n]*" rest)
           (lacuna--accept (match-string 0 rest)))))

(defun lacuna--cycle (step)
  "Show the suggestion STEP further on."
  (when lacuna--shown
    (if (lacuna--shown-all lacuna--shown)
        (lacuna--present (lacuna--shown-items lacuna--shown) (+ (lacuna--shown-index lacuna--shown) step) step t)
      (lacuna--ask lacuna--invoked step step))))

(defun lacuna-next () "Show the next suggestion." (interactive) (lacuna--cycle 1))
(defun lacuna-previous () "Show the previous suggestion." (interactive) (lacuna--cycle -1))
(defun lacuna-dismiss () "Take the ghost text away." (interactive) (lacuna--clear))
(defun lacuna-complete () "Ask for suggestions here." (interactive) (lacuna--ask lacuna--invoked))

(defvar lacuna-active-map
  (let ((map (make-sparse-keymap)))
    (define-key map (kbd "TAB") #'lacuna-accept)
    (define-key map (kbd "<tab>") #'lacuna-accept)
    (define-key map (kbd "M-<right>") #'lacuna-accept-word)
    (define-key map (kbd "C-M-<right>") #'lacuna-accept-line)
    (define-key map (kbd "M-n") #'lacuna-next)
    (define-key map (kbd "M-p") #'lacuna-previous)
    (define-key map (kbd "C-g") #'lacuna-dismiss)
    map)
  "Keys while ghost text is shown; they mean what they always do where there is none.")

(defvar lacuna--emulation-alist (list (cons 'lacuna--shown lacuna-active-map)))

;;; Commands of the server

(defun lacuna--command (command &rest arguments)
  "Run the server's COMMAND with ARGUMENTS and tell its answer."
  (lacuna--request "workspace/executeCommand" (list :command command :arguments (vconcat arguments))
                   (lambda (answer) (message "%s" (lacuna--get answer "message")))))

(defun lacuna-status () "Tell the model, its state and the last answer." (interactive) (lacuna--command "lacuna.status"))
(defun lacuna-why () "Tell why there was no suggestion." (interactive) (lacuna--command "lacuna.whyNoSuggestion"))
(defun lacuna-resume () "Show ghost text again." (interactive) (lacuna--command "lacuna.resume"))
(defun lacuna-pause (&optional minutes)
  "Show no ghost text until resumed, or with a prefix argument for that many MINUTES."
  (interactive "P")
  (if minutes (lacuna--command "lacuna.pause" (prefix-numeric-value minutes)) (lacuna--command "lacuna.pause")))

(defun lacuna-doctor ()
  "Say what is wrong with the program, its model, this machine or the session, and how to mend it."
  (interactive)
  (let ((program (executable-find (car lacuna-command))) (session (lacuna--session-in-words)))
    (with-current-buffer (get-buffer-create "*lacuna doctor*")
      (let ((inhibit-read-only t))
        (erase-buffer)
        (insert session "\n\n")
        (if program
            (apply #'call-process program nil t nil "doctor" (lacuna--model-arguments))
          (insert (format "problem: '%s' is not a program on your `exec-path'\n-> install lacuna (see docs/install.md), or set `lacuna-command'\n"
                          (car lacuna-command)))))
      (special-mode)
      (goto-char (point-min))
      (display-buffer (current-buffer)))))

(defun lacuna--model-arguments ()
  "The part of `lacuna-command' that chooses the model."
  (let ((at (member "--model" lacuna-command))) (and (cdr at) (list "--model" (cadr at)))))

(defun lacuna--session-in-words ()
  "Whether this buffer is served, and what to do if not."
  (cond ((not (or (featurep 'eglot) (featurep 'lsp-mode)))
         "problem: neither eglot nor lsp-mode is loaded\n-> M-x eglot, or install lsp-mode and M-x lsp")
        ((not (lacuna--connected-p))
         (format "warning: no server serves the buffer %s\n-> M-x eglot or M-x lsp there; its mode must be one of `lacuna-modes'" (buffer-name)))
        ((not lacuna-mode) "warning: `lacuna-mode' is off here\n-> M-x lacuna-mode")
        (t (format "good: the buffer %s is served by lacuna through %s" (buffer-name) (if (lacuna--eglot-server) "eglot" "lsp-mode")))))

;;; The mode and the set-ups

(defun lacuna--own-delay ()
  "How many milliseconds this client waits before it asks; the server takes lsp-mode itself to wait longer."
  (round (* 1000 (or lacuna-delay 0))))

;;;###autoload
(define-minor-mode lacuna-mode
  "Ghost text from the server lacuna, which eglot or lsp-mode runs for this buffer."
  :lighter " Lacuna"
  (if lacuna-mode
      (progn
        (setq lacuna--tick (buffer-chars-modified-tick))
        (add-to-list 'emulation-mode-map-alists 'lacuna--emulation-alist)
        (add-hook 'post-command-hook #'lacuna--post-command nil t))
    (remove-hook 'post-command-hook #'lacuna--post-command t)
    (lacuna--clear)))

(defun lacuna--follow-eglot ()
  "Turn `lacuna-mode' on where eglot has begun to use lacuna, and off where it ends."
  (lacuna-mode (if (and (bound-and-true-p eglot--managed-mode) (lacuna--eglot-server)) 1 -1)))

(defun lacuna--follow-lsp-mode ()
  "Turn `lacuna-mode' on where lsp-mode has begun to use lacuna."
  (when (lacuna--lsp-workspace) (lacuna-mode 1)))

;;;###autoload
(defun lacuna-setup-eglot ()
  "Let eglot use lacuna in `lacuna-modes'.  Eglot runs one server a buffer, so others of these modes are not used then."
  (require 'eglot)
  (eval '(progn
           (defclass lacuna-eglot-server (eglot-lsp-server) () :documentation "Eglot's connection to lacuna.")
           (cl-defmethod eglot-client-capabilities ((_server lacuna-eglot-server))
             "Eglot's own, and ghost text."
             (let ((capabilities (cl-call-next-method)))
               (plist-put capabilities :textDocument
                          (append (plist-get capabilities :textDocument) '(:inlineCompletion (:dynamicRegistration :json-false))))))
           (cl-defmethod eglot-initialization-options ((_server lacuna-eglot-server))
             (or lacuna-settings (make-hash-table))))
        t)
  (add-to-list 'eglot-server-programs (cons lacuna-modes (cons 'lacuna-eglot-server lacuna-command)))
  (add-hook 'eglot-managed-mode-hook #'lacuna--follow-eglot))

(defun lacuna--announce (capabilities)
  "Add ghost text to lsp-mode's CAPABILITIES where the client asks for it by the mark `lacunaGhostText'."
  (if (not (assq 'lacunaGhostText capabilities))
      capabilities
    (cons `(experimental . ((lacuna . ((waitsMs . ,(lacuna--own-delay))))))
          (mapcar (lambda (part)
                    (if (and (eq (car part) 'textDocument) (not (assq 'inlineCompletion (cdr part))))
                        (cons 'textDocument (cons '(inlineCompletion . ((dynamicRegistration . :json-false))) (cdr part)))
                      part))
                  (seq-remove (lambda (part) (memq (car part) '(lacunaGhostText experimental))) capabilities)))))

;;;###autoload
(defun lacuna-setup-lsp-mode ()
  "Let lsp-mode use lacuna in `lacuna-modes', beside the other servers of a buffer."
  (require 'lsp-mode)
  (advice-add 'lsp--client-capabilities :filter-return #'lacuna--announce)
  (lsp-register-client
   (make-lsp-client :new-connection (lsp-stdio-connection (lambda () lacuna-command))
                    :major-modes lacuna-modes
                    :server-id 'lacuna
                    :add-on? t
                    :priority -2
                    :custom-capabilities '((lacunaGhostText . t))
                    :initialization-options (lambda () (or lacuna-settings (make-hash-table)))))
  (add-hook 'lsp-after-open-hook #'lacuna--follow-lsp-mode))

(provide 'lacuna)

;; Local Variables:
;; byte-compile-docstring-max-column: 120
;; fill-column: 120
;; End:

;;; lacuna.el ends here

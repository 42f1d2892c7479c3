-- Neovim's own way to describe a language server: `vim.lsp.enable('lacuna')` starts it with this.
-- See |lsp-config|; `vim.lsp.config('lacuna', …)` changes parts of it, and so does require('lacuna').setup().
return {
  cmd = { 'lacuna', 'lsp' },
  filetypes = {
    'python', 'javascript', 'javascriptreact', 'typescript', 'typescriptreact', 'c', 'cpp', 'go', 'rust', 'java', 'cs', 'ruby', 'php',
    'sh', 'bash', 'json', 'jsonc',
  },
  root_markers = { '.git' },
  -- Neovim 0.12 announces this itself; on 0.11 this plugin draws the ghost text.
  capabilities = { textDocument = { inlineCompletion = { dynamicRegistration = false } } },
  handlers = { ['window/showMessage'] = function(...) require('lacuna.notice').show(...) end },
  on_exit = function(code, signal, client_id) require('lacuna.restart').ended(code, signal, client_id) end,
}

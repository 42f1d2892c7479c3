-- Mends all syntax errors of a buffer at once, through the server's action source.fixAll.lacuna.
local config = require('lacuna.config')

local M = {}

local PATIENCE_MS = 2000

--- Applies the server's fixes for the whole buffer. Returns whether there were any.
---@param buf integer
---@return boolean
function M.all(buf)
  local client = vim.lsp.get_clients({ bufnr = buf, name = 'lacuna', method = 'textDocument/codeAction' })[1]
  if not client then return false end
  local last = vim.api.nvim_buf_line_count(buf)
  local answer = client:request_sync('textDocument/codeAction', {
    textDocument = vim.lsp.util.make_text_document_params(buf),
    range = { start = { line = 0, character = 0 }, ['end'] = { line = last, character = 0 } },
    context = { diagnostics = {}, only = { 'source.fixAll.lacuna' }, triggerKind = 2 },
  }, PATIENCE_MS, buf)
  local action = answer and answer.result and answer.result[1]
  if not action then return false end
  if not action.edit then
    local resolved = client:request_sync('codeAction/resolve', action, PATIENCE_MS, buf)
    action = resolved and resolved.result or action
  end
  if not action.edit then return false end
  vim.lsp.util.apply_workspace_edit(action.edit, client.offset_encoding)
  return true
end

function M.attach(buf)
  vim.api.nvim_create_autocmd('BufWritePre', {
    group = vim.api.nvim_create_augroup('lacuna.fix.' .. buf, {}),
    buffer = buf,
    callback = function()
      if config.current.fix_all_on_save then M.all(buf) end
    end,
  })
end

return M

-- Ghost text on Neovim 0.12 and newer: vim.lsp.inline_completion draws it; this adds accepting a word or a line, alternatives,
-- asking by hand, and dismissing.
local config = require('lacuna.config')
local Suggestion = require('lacuna.suggestion')

local M = {}

--- What Neovim itself knows of this buffer's ghost text. It is no documented API: where it is missing, so is what needs it.
---@return table?
local function completor()
  local found, capability = pcall(require, 'vim.lsp._capability')
  local class = found and type(capability.all) == 'table' and capability.all.inline_completion
  local own = class and class.active and class.active[vim.api.nvim_get_current_buf()]
  return own and own.request and own.count_items and own.abort and own or nil
end

local function text_of(item) return type(item.insert_text) == 'table' and item.insert_text.value or item.insert_text end

--- What was typed is one step for undo, and what is accepted another.
local function end_undo_step() vim.bo.undolevels = vim.bo.undolevels end

--- The part of the item's text that stands before the cursor already.
local function typed_part(text)
  local col = vim.api.nvim_win_get_cursor(0)[2]
  local before = vim.api.nvim_get_current_line():sub(1, col)
  for length = math.min(#text, #before), 1, -1 do
    if before:sub(-length) == text:sub(1, length) then return text:sub(1, length) end
  end
  return ''
end

--- Accepts a piece of the item that is shown, and asks for what remains.
local function accept_piece(piece_of)
  end_undo_step()
  return vim.lsp.inline_completion.get({
    on_accept = function(item)
      local text = text_of(item)
      local typed = typed_part(text)
      local rest = text:sub(#typed + 1)
      local piece = piece_of({ rest = rest })
      if #piece >= #rest then return item end
      vim.schedule(function()
        local row, col = unpack(vim.api.nvim_win_get_cursor(0))
        local lines = vim.split(piece, '\n', { plain = true })
        vim.api.nvim_buf_set_text(0, row - 1, col, row - 1, col, lines)
        vim.api.nvim_win_set_cursor(0, { row + #lines - 1, (#lines == 1 and col or 0) + #lines[#lines] })
        local client = vim.lsp.get_client_by_id(item.client_id)
        if client then
          client:notify('textDocument/didPartiallyAcceptCompletion', { item = { insertText = text }, acceptedLength = vim.str_utfindex(typed .. piece, 'utf-16') })
        end
      end)
      return nil -- nothing for Neovim itself to write
    end,
  })
end

function M.accept()
  end_undo_step()
  return vim.lsp.inline_completion.get()
end

function M.accept_word() return accept_piece(Suggestion.next_word) end

function M.accept_line() return accept_piece(Suggestion.next_line) end

--- Who types is offered one suggestion; the others are asked for when they are wanted.
local function ask_for_alternatives(own)
  if own.reset_timer then own:reset_timer() end -- its automatic request would end this one
  own:request(vim.lsp.protocol.InlineCompletionTriggerKind.Invoked)
end

function M.cycle(step)
  local own = completor()
  if own and not own.current then return false end
  if own and own:count_items() == 1 then
    ask_for_alternatives(own)
  else
    vim.lsp.inline_completion.select({ count = step })
  end
  return true
end

function M.dismiss()
  return vim.lsp.inline_completion.get({ on_accept = function() end }) -- accepted as nothing
end

function M.request()
  local own = completor()
  if own then return ask_for_alternatives(own) end
  vim.notify('Lacuna: Neovim asks by itself while you type')
end

function M.clear() end

---@return { text: string, index: integer, count: integer }?
function M.visible()
  local own = completor()
  local current = own and own.current
  if not current then return nil end
  local text = text_of(current)
  return { text = text:sub(#typed_part(text) + 1), index = current._index, count = own:count_items() }
end

--- Ghost text for who asks only: what asks by itself is taken away, and what was asked for goes with the next key.
local function ask_by_hand_only()
  local own = completor()
  if not own then return end
  vim.api.nvim_clear_autocmds({ group = own.augroup, event = { 'InsertEnter', 'CursorMovedI', 'TextChangedP' } })
  vim.api.nvim_create_autocmd({ 'CursorMovedI', 'TextChangedP' }, { group = own.augroup, buffer = own.bufnr, callback = function() own:abort() end })
end

function M.attach(client)
  vim.lsp.inline_completion.enable(true, { client_id = client.id }) -- Neovim takes one filter at a time
  if not config.current.automatic then ask_by_hand_only() end
end

return M

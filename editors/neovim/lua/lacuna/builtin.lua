-- Ghost text on Neovim 0.12 and newer: vim.lsp.inline_completion draws it; this adds accepting a word or a line, and dismissing.
local config = require('lacuna.config')
local Suggestion = require('lacuna.suggestion')

local M = {}

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
  return vim.lsp.inline_completion.get({
    on_accept = function(item)
      local text = type(item.insert_text) == 'table' and item.insert_text.value or item.insert_text
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

function M.accept() return vim.lsp.inline_completion.get() end

function M.accept_word() return accept_piece(Suggestion.next_word) end

function M.accept_line() return accept_piece(Suggestion.next_line) end

function M.cycle(step)
  vim.lsp.inline_completion.select({ count = step })
  return true
end

--- Neovim has no call for it: switching off takes the ghost text away, and on again waits for the next key.
function M.dismiss()
  vim.lsp.inline_completion.enable(false, { bufnr = 0 })
  vim.lsp.inline_completion.enable(true, { bufnr = 0 })
  return true
end

--- Neovim asks by itself at the next change; its API has no request by hand.
function M.request() vim.notify('Lacuna: Neovim asks by itself while you type') end

function M.clear() end

function M.visible() return nil end

function M.attach(client)
  if config.current.automatic then vim.lsp.inline_completion.enable(true, { client_id = client.id }) end -- Neovim takes one filter at a time
end

return M

-- Ghost text on Neovim 0.11, which has none of its own: asks textDocument/inlineCompletion, draws the answer through extmarks, and
-- accepts all or a part of it. One suggestion is shown at a time, in the current buffer, in insert mode.
local config = require('lacuna.config')
local Suggestion = require('lacuna.suggestion')

local M = {}

local namespace = vim.api.nvim_create_namespace('lacuna')
local method = 'textDocument/inlineCompletion'
local INVOKED, AUTOMATIC = 1, 2

---@class lacuna.Shown
---@field buf integer
---@field client_id integer
---@field items table[]            lsp.InlineCompletionItem, best first
---@field index integer            the one that is shown
---@field invoked boolean          whether these are all that the server has to offer
---@field suggestion lacuna.Suggestion
---@field line string              the cursor's line when it was drawn
---@field written integer          UTF-16 units of the item that were accepted in parts

---@type lacuna.Shown?
local shown
local asked = 0 -- counts requests: an answer to any but the last is dropped
local timer = assert(vim.uv.new_timer())

local function client_of(buf) return vim.lsp.get_clients({ bufnr = buf, name = 'lacuna', method = method })[1] end

local function in_insert_mode() return vim.api.nvim_get_mode().mode:sub(1, 1) == 'i' end

local function cursor()
  local position = vim.api.nvim_win_get_cursor(0)
  return position[1] - 1, position[2]
end

--- Tabs as the blanks that they would be: virtual text shows them as ^I.
local function expand_tabs(text, column)
  local width = vim.bo.tabstop
  return (text:gsub('()\t', function(at) return (' '):rep(width - (column + at - 1) % width) end))
end

local function draw(state)
  vim.api.nvim_buf_clear_namespace(state.buf, namespace, 0, -1)
  local suggestion = state.suggestion
  local parts = Suggestion.layout(suggestion)
  local function chunk(text, column) return { { expand_tabs(text, column), 'LacunaGhost' } } end
  local function mark(col, text, below)
    vim.api.nvim_buf_set_extmark(state.buf, namespace, suggestion.row, col, {
      virt_text = text ~= '' and chunk(text, col) or nil,
      virt_text_pos = 'inline',
      virt_lines = #below > 0 and vim.tbl_map(function(line) return chunk(line, 0) end, below) or nil,
      hl_mode = 'combine',
    })
  end
  mark(suggestion.col, parts.before, parts.below)
  if parts.after ~= '' then mark(suggestion.col + #suggestion.overlap, parts.after, {}) end
end

--- Takes the ghost text away; an answer that is still on its way will not be shown.
function M.clear()
  asked = asked + 1
  timer:stop()
  if shown and vim.api.nvim_buf_is_valid(shown.buf) then vim.api.nvim_buf_clear_namespace(shown.buf, namespace, 0, -1) end
  shown = nil
end

---@param state lacuna.Shown
local function show(state)
  shown = state
  draw(state)
  local client = vim.lsp.get_client_by_id(state.client_id)
  if client then client:notify('textDocument/didShowCompletion', { item = state.items[state.index] }) end
end

--- Shows the first of `items`, from `from` on, that fits the text at the cursor.
local function present(buf, client, items, invoked, from, step)
  local row, col = cursor()
  local line = vim.api.nvim_get_current_line()
  for n = 0, #items - 1 do
    local index = (from - 1 + n * step) % #items + 1
    local suggestion = Suggestion.from_item(items[index], row, col, line, client.offset_encoding)
    if suggestion then
      return show({ buf = buf, client_id = client.id, items = items, index = index, invoked = invoked, suggestion = suggestion, line = line, written = 0 })
    end
  end
  M.clear()
end

---@param kind integer  INVOKED or AUTOMATIC
---@param from? integer the item to show first
local function ask(kind, from, step)
  local buf = vim.api.nvim_get_current_buf()
  local client = client_of(buf)
  if not client then return end
  asked = asked + 1
  local mine, tick = asked, vim.api.nvim_buf_get_changedtick(buf)
  local row, col = cursor()
  local params = vim.lsp.util.make_position_params(0, client.offset_encoding)
  ---@diagnostic disable-next-line: inject-field
  params.context = { triggerKind = kind }
  -- The change of the text goes out before this request, and by it the server knows that the older request is settled.
  client:request(method, params, function(err, result)
    if mine ~= asked or not vim.api.nvim_buf_is_valid(buf) or vim.api.nvim_get_current_buf() ~= buf then return end
    local row_now, col_now = cursor()
    if not in_insert_mode() or vim.api.nvim_buf_get_changedtick(buf) ~= tick or row ~= row_now or col ~= col_now then return end
    local items = not err and result and (result.items or result) or {}
    if #items == 0 then
      if kind == INVOKED then require('lacuna.status').tell_silence(client) end
      return M.clear()
    end
    present(buf, client, items, kind == INVOKED, from or 1, step or 1)
  end, buf)
end

--- Asks when the keyboard has rested for a moment.
local function ask_soon()
  timer:stop()
  if not config.current.automatic then return end
  timer:start(config.current.debounce_ms, 0, vim.schedule_wrap(function()
    if in_insert_mode() then ask(AUTOMATIC) end
  end))
end

--- The text has changed: what was typed along the ghost text shortens it at once, and the server is asked for the rest.
function M.text_changed(buf)
  local state = shown
  if state and state.buf == buf then
    local row, col = cursor()
    local line = vim.api.nvim_get_current_line()
    local follows = row == state.suggestion.row and Suggestion.follow(state.suggestion, state.line, line, col)
    if follows then
      state.suggestion, state.line = follows, line
      draw(state)
    else
      M.clear()
    end
  end
  ask_soon()
end

--- The cursor may have moved away without a change of the text.
function M.cursor_moved()
  if not shown then return end
  local row, col = cursor()
  local here = shown.suggestion
  if vim.api.nvim_get_current_line() == shown.line and (row ~= here.row or col ~= here.col) then M.clear() end
end

--- Writes a piece of what is shown, as one step for undo.
local function write(state, piece)
  local text, replaced, remains = Suggestion.take(state.suggestion, piece)
  local row, col = state.suggestion.row, state.suggestion.col
  vim.bo[state.buf].undolevels = vim.bo[state.buf].undolevels -- ends the step of what was typed before
  vim.api.nvim_buf_set_text(state.buf, row, col, row, col + replaced, vim.split(text, '\n', { plain = true }))
  local _, breaks = text:gsub('\n', '')
  vim.api.nvim_win_set_cursor(0, { row + 1 + breaks, breaks == 0 and col + #text or #text:match('[^\n]*$') })
  return text, remains
end

local function report(state, text, remains)
  local client, item = vim.lsp.get_client_by_id(state.client_id), state.items[state.index]
  if not client then return end
  if remains then
    state.written = state.written + vim.str_utfindex(text, 'utf-16')
    client:notify('textDocument/didPartiallyAcceptCompletion', { item = item, acceptedLength = state.written })
  elseif item.command then
    client:exec_cmd(item.command, { bufnr = state.buf })
  end
end

---@param piece_of fun(suggestion: lacuna.Suggestion): string
---@return boolean whether there was something to accept
local function accept(piece_of)
  local state = shown
  if not state or state.buf ~= vim.api.nvim_get_current_buf() then return false end
  local text, remains = write(state, piece_of(state.suggestion))
  report(state, text, remains)
  if remains then
    state.suggestion, state.line = remains, vim.api.nvim_get_current_line()
    draw(state)
  else
    M.clear()
    ask_soon()
  end
  return true
end

function M.accept()
  return accept(function(suggestion) return suggestion.rest end)
end

function M.accept_word() return accept(Suggestion.next_word) end

function M.accept_line() return accept(Suggestion.next_line) end

--- Another suggestion for the same place; the server is asked for more than one the first time.
---@param step integer  1 or -1
function M.cycle(step)
  local state = shown
  if not state then return false end
  if not state.invoked then
    ask(INVOKED, step > 0 and 2 or 0, step)
    return true
  end
  local client = vim.lsp.get_client_by_id(state.client_id)
  if client then present(state.buf, client, state.items, true, state.index + step, step) end
  return true
end

function M.dismiss()
  if not shown then return false end
  M.clear()
  return true
end

function M.request()
  M.clear()
  ask(INVOKED)
end

--- What is shown, or nil: for status lines, and for other plugins that want to know.
---@return { text: string, index: integer, count: integer }?
function M.visible()
  if not shown then return nil end
  return { text = shown.suggestion.rest, index = shown.index, count = #shown.items }
end

---@param client vim.lsp.Client
---@param buf integer
function M.attach(client, buf)
  local group = vim.api.nvim_create_augroup('lacuna.ghost.' .. buf, {})
  local function on(events, callback) vim.api.nvim_create_autocmd(events, { group = group, buffer = buf, callback = callback }) end
  on({ 'TextChangedI', 'TextChangedP' }, function() M.text_changed(buf) end)
  on('InsertEnter', ask_soon)
  on('CursorMovedI', M.cursor_moved)
  on({ 'InsertLeave', 'BufLeave' }, M.clear)
  on('LspDetach', function(event)
    if event.data.client_id ~= client.id then return end
    M.clear()
    vim.api.nvim_del_augroup_by_id(group)
  end)
end

return M

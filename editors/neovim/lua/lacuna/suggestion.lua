-- A suggestion as text and byte columns, and what becomes of it when a part is typed or accepted. Pure: no buffer, no window.
--
-- A server's item replaces a range of one line around the cursor. What stands in that range before the cursor has been typed
-- already; what stands after it (closing brackets that an editor inserted, say) is repeated by the item's text: the `overlap`.
local M = {}

---@class lacuna.Suggestion
---@field row integer      the cursor's line, from 0
---@field col integer      the cursor's column in bytes, from 0
---@field rest string      what accepting all of it writes at the cursor
---@field overlap string   what stands right of the cursor and is replaced by it

--- The suggestion of an item, or nil if it cannot be drawn as text that follows the cursor.
---@param item table       lsp.InlineCompletionItem
---@param row integer
---@param col integer
---@param line string      the cursor's line
---@param encoding string  'utf-8', 'utf-16' or 'utf-32'
---@return lacuna.Suggestion?
function M.from_item(item, row, col, line, encoding)
  local text = type(item.insertText) == 'table' and item.insertText.value or item.insertText
  if type(text) ~= 'string' then return nil end
  local first, last = col, col
  if item.range then
    if item.range.start.line ~= row or item.range['end'].line ~= row then return nil end
    first = vim.str_byteindex(line, encoding, item.range.start.character, false)
    last = math.max(col, vim.str_byteindex(line, encoding, item.range['end'].character, false))
  end
  if first > col then return nil end
  local typed = line:sub(first + 1, col)
  local rest = text:gsub('\r\n', '\n')
  if not vim.startswith(rest, typed) or #rest == #typed then return nil end
  return { row = row, col = col, rest = rest:sub(#typed + 1), overlap = line:sub(col + 1, last) }
end

--- Where in the first line the overlap stands, as the byte before it; nil if it is not there or empty.
local function overlap_at(suggestion)
  if suggestion.overlap == '' then return nil end
  local first_line = suggestion.rest:match('^[^\n]*')
  for at = #first_line - #suggestion.overlap, 0, -1 do
    if first_line:sub(at + 1, at + #suggestion.overlap) == suggestion.overlap then return at end
  end
end

--- How to draw it: `before` at the cursor, `after` behind the overlap, which the buffer itself shows, `below` as further lines.
---@param suggestion lacuna.Suggestion
---@return { before: string, after: string, below: string[] }
function M.layout(suggestion)
  local lines = vim.split(suggestion.rest, '\n', { plain = true })
  local first = table.remove(lines, 1)
  local at = overlap_at(suggestion)
  if not at then return { before = first, after = '', below = lines } end
  return { before = first:sub(1, at), after = first:sub(at + #suggestion.overlap + 1), below = lines }
end

--- The blanks and the word, or the run of signs, that come next. A line's end and its indentation count as blanks.
---@param suggestion lacuna.Suggestion
---@return string
function M.next_word(suggestion)
  return vim.fn.matchstr(suggestion.rest, [=[^\_s*\%(\k\+\|[^[:keyword:][:space:]]\+\)\?]=])
end

--- All up to the end of the line; the next line if this one is at its end.
---@param suggestion lacuna.Suggestion
---@return string
function M.next_line(suggestion)
  return suggestion.rest:match('^\n*[^\n]*')
end

--- Accepts a piece of `rest`: the text to write at the cursor, the number of bytes right of it to replace, and what then remains
--- (nil if nothing does). A piece that reaches the overlap takes the whole of it, so that no bracket stands twice.
---@param suggestion lacuna.Suggestion
---@param piece string
---@return string text, integer replaced, lacuna.Suggestion? remains
function M.take(suggestion, piece)
  local at = overlap_at(suggestion)
  local replaced = 0
  if #piece == #suggestion.rest or (not at and suggestion.overlap ~= '' and piece:find('\n')) then
    replaced = #suggestion.overlap
  elseif at and #piece > at then
    replaced = #suggestion.overlap
    piece = suggestion.rest:sub(1, math.max(#piece, at + replaced))
  end
  return piece, replaced, M.advance(suggestion, piece, replaced)
end

--- What remains after `text` has been written at the cursor in place of the first `replaced` bytes of the overlap.
---@return lacuna.Suggestion?
function M.advance(suggestion, text, replaced)
  if #text >= #suggestion.rest then return nil end
  local _, breaks = text:gsub('\n', '')
  return {
    row = suggestion.row + breaks,
    col = breaks == 0 and suggestion.col + #text or #text:match('[^\n]*$'),
    rest = suggestion.rest:sub(#text + 1),
    overlap = suggestion.overlap:sub(replaced + 1),
  }
end

--- The suggestion after typing, if what was typed is what it begins with; nil otherwise.
---@param suggestion lacuna.Suggestion
---@param old_line string  the line when the suggestion was drawn
---@param new_line string  the same line now
---@param col integer      the cursor's column now
---@return lacuna.Suggestion?
function M.follow(suggestion, old_line, new_line, col)
  local typed = #new_line - #old_line
  if typed < 0 or col ~= suggestion.col + typed then return nil end
  local text = new_line:sub(suggestion.col + 1, col)
  local untouched = new_line:sub(1, suggestion.col) == old_line:sub(1, suggestion.col) and new_line:sub(col + 1) == old_line:sub(suggestion.col + 1)
  if not untouched or not vim.startswith(suggestion.rest, text) then return nil end
  return M.advance(suggestion, text, 0)
end

return M

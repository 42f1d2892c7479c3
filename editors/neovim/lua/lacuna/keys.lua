-- Keys of insert mode. A key does what it did before where there is no ghost text for it to act on.
local config = require('lacuna.config')

local M = {}

--- Does what the key did before Lacuna took it: `mapping` is what maparg() told of it then.
local function fall_back(key, mapping)
  local function feed(keys, flags) vim.api.nvim_feedkeys(keys, flags, false) end
  local function translated(text) return vim.api.nvim_replace_termcodes(text, true, true, true) end
  if vim.tbl_isempty(mapping) then return feed(translated(key), 'in') end
  local remap = mapping.noremap == 1 and 'in' or 'im'
  local result
  if mapping.callback then
    result = mapping.callback()
  elseif mapping.expr == 1 then
    result = vim.api.nvim_eval(mapping.rhs)
  else
    return feed(translated(mapping.rhs), remap)
  end
  if mapping.expr ~= 1 or type(result) ~= 'string' then return end
  feed((mapping.replace_keycodes == 1 or not mapping.callback) and translated(result) or result, remap)
end

local actions = {
  accept = { 'Accept the ghost text', function(ghost) return ghost.accept() end },
  accept_word = { 'Accept a word of the ghost text', function(ghost) return ghost.accept_word() end },
  accept_line = { 'Accept a line of the ghost text', function(ghost) return ghost.accept_line() end },
  next = { 'Show the next suggestion', function(ghost) return ghost.cycle(1) end },
  previous = { 'Show the previous suggestion', function(ghost) return ghost.cycle(-1) end },
  dismiss = { 'Dismiss the ghost text', function(ghost) return ghost.dismiss() end },
  request = { 'Ask for a suggestion', function(ghost) return ghost.request() or true end },
}

---@param ghost table  lacuna.ghost or lacuna.builtin
---@param buf integer
function M.map(ghost, buf)
  for name, action in pairs(actions) do
    local key = config.current.keys[name]
    if key then
      local description = 'Lacuna: ' .. action[1]:lower()
      local before = vim.fn.maparg(key, 'i', false, true)
      if before.desc == description then before = vim.b[buf]['lacuna_' .. name] or {} end
      vim.keymap.set('i', key, function()
        if not action[2](ghost) then fall_back(key, before) end
      end, { buffer = buf, desc = description })
    end
  end
end

return M

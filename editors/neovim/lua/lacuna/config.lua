-- What a user may choose, its defaults, and the check of what was chosen. Described for users in doc/lacuna.txt.
local M = {}

---@class lacuna.Keys  A key of insert mode, or false for none.
---@field accept string|false
---@field accept_word string|false
---@field accept_line string|false
---@field next string|false
---@field previous string|false
---@field dismiss string|false
---@field request string|false

---@class lacuna.Config
---@field cmd? string[]            the server and its arguments; nil: those of lsp/lacuna.lua
---@field filetypes? string[]      where the server is attached; nil: those of lsp/lacuna.lua
---@field model? string            a model's name or file; nil: the default model
---@field settings table           the server's settings: completion, diagnostics, repair
---@field automatic boolean        ghost text while typing; otherwise only when it is asked for
---@field debounce_ms integer      how long the keyboard must rest before the server is asked (Neovim 0.11)
---@field fix_all_on_save boolean  mend syntax errors when the buffer is written
---@field restarts integer         how often a server that died is started again within three minutes
---@field keys lacuna.Keys
M.defaults = {
  cmd = nil,
  filetypes = nil,
  model = nil,
  settings = {},
  automatic = true,
  debounce_ms = 15,
  fix_all_on_save = false,
  restarts = 3,
  keys = {
    accept = '<Tab>',
    accept_word = '<M-Right>',
    accept_line = '<M-C-Right>',
    next = '<M-]>',
    previous = '<M-[>',
    dismiss = '<C-]>',
    request = '<M-Bslash>',
  },
}

local kinds = {
  cmd = 'table', filetypes = 'table', model = 'string', settings = 'table', automatic = 'boolean', debounce_ms = 'number',
  fix_all_on_save = 'boolean', restarts = 'number', keys = 'table',
}

M.current = vim.deepcopy(M.defaults)

--- What is wrong with these options, in words; an empty list if nothing is.
---@param options table
---@return string[]
function M.problems(options)
  local problems = {}
  for name, value in vim.spairs(options) do
    local wanted = kinds[name]
    if not wanted then
      table.insert(problems, ("'%s' is no option of Lacuna; see :help lacuna-options"):format(name))
    elseif type(value) ~= wanted then
      table.insert(problems, ("'%s' must be a %s, not %s"):format(name, wanted, vim.inspect(value)))
    end
  end
  for name, key in vim.spairs(type(options.keys) == 'table' and options.keys or {}) do
    if M.defaults.keys[name] == nil then
      table.insert(problems, ("'keys.%s' is no key of Lacuna; see :help lacuna-keys"):format(name))
    elseif type(key) ~= 'string' and key ~= false then
      table.insert(problems, ("'keys.%s' must be a key like '<Tab>', or false"):format(name))
    end
  end
  return problems
end

--- Takes the options over; what is wrong is told and left at its default.
---@param options? table
---@return string[] problems
function M.set(options)
  local good = vim.deepcopy(options or {})
  local problems = M.problems(good)
  for name, value in pairs(good) do
    if type(value) ~= kinds[name] then good[name] = nil end
  end
  for name, key in pairs(good.keys or {}) do
    if M.defaults.keys[name] == nil or (type(key) ~= 'string' and key ~= false) then good.keys[name] = nil end
  end
  M.current = vim.tbl_deep_extend('force', vim.deepcopy(M.defaults), good)
  M.last_problems = problems
  return problems
end

M.last_problems = {}

return M

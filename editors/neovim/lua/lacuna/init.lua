-- Lacuna for Neovim. Start it with `require('lacuna').setup()`, or with `vim.lsp.enable('lacuna')` where the defaults do.
local config = require('lacuna.config')

local M = {}

--- What draws the ghost text on this Neovim.
local function backend() return vim.lsp.inline_completion and require('lacuna.builtin') or require('lacuna.ghost') end

--- Takes options and starts the server where a file of a known type is open.
---@param options? table  see |lacuna-options|
function M.setup(options)
  for _, problem in ipairs(config.set(options)) do vim.notify('Lacuna: ' .. problem, vim.log.levels.WARN) end
  local current = config.current
  local options_of_session = vim.tbl_extend('force', current.settings, { model = current.model })
  -- An empty table would be sent as a list.
  local function object(members) return next(members) and members or nil end
  vim.lsp.config('lacuna', {
    cmd = current.cmd,
    filetypes = current.filetypes,
    init_options = object(options_of_session),
    -- What the server may know of this client: Neovim 0.12 waits longer before it asks.
    capabilities = not vim.lsp.inline_completion and { experimental = { lacuna = { waitsMs = math.floor(current.debounce_ms) } } } or nil,
    settings = object({ lacuna = object(current.settings) }),
  })
  vim.lsp.enable('lacuna')
end

--- Called once for each buffer that the server is attached to.
function M.attach(client, buf)
  vim.api.nvim_set_hl(0, 'LacunaGhost', { default = true, link = 'NonText' })
  if not vim.b[buf].lacuna_attached then
    vim.b[buf].lacuna_attached = true
    require('lacuna.keys').map(backend(), buf)
    require('lacuna.fix').attach(buf)
  end
  backend().attach(client, buf)
end

-- For keys of your own; each returns whether there was ghost text to act on.
function M.accept() return backend().accept() end
function M.accept_word() return backend().accept_word() end
function M.accept_line() return backend().accept_line() end
function M.next() return backend().cycle(1) end
function M.previous() return backend().cycle(-1) end
function M.dismiss() return backend().dismiss() end
function M.request() return backend().request() end

--- What is shown now: its text, number and count; nil if nothing is.
function M.visible() return backend().visible() end

--- A word for the status line: '' without a server.
function M.status() return require('lacuna.status').line() end

return M

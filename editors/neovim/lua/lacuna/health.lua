-- :checkhealth lacuna: what is wrong with the editor's side, with the program, its model and this machine, and how to mend it.
local config = require('lacuna.config')

local M = {}

local health = vim.health
local DOCTOR_PATIENCE_MS = 60000
local STATUS_PATIENCE_MS = 3000

local function program()
  local cmd = vim.lsp.config.lacuna and vim.lsp.config.lacuna.cmd
  return type(cmd) == 'table' and cmd[1] or 'lacuna'
end

local function check_neovim()
  health.start('Lacuna: Neovim')
  local version = tostring(vim.version())
  if vim.lsp.inline_completion then
    health.ok(('Neovim %s draws the ghost text itself'):format(version))
  elseif vim.fn.has('nvim-0.11') == 1 then
    health.ok(('Neovim %s has no ghost text of its own; this plugin draws it'):format(version))
  else
    health.error(('Neovim %s is too old'):format(version), 'Install Neovim 0.11 or newer')
  end
  for _, problem in ipairs(config.last_problems) do health.warn(problem, 'Change it in the call of require("lacuna").setup()') end
  if not vim.lsp.is_enabled('lacuna') then
    health.error('the server is not enabled', "Put require('lacuna').setup() into your init.lua")
  end
  for _, other in ipairs({ 'copilot', 'supermaven-nvim', 'codeium', 'tabnine', 'llama', 'minuet' }) do
    if package.loaded[other] or vim.g['loaded_' .. other] then
      health.warn(("'%s' is loaded, which draws ghost text too"):format(other), 'Disable one of the two, or give their keys different names')
    end
  end
end

--- Returns whether the program can be run.
local function check_program()
  health.start('Lacuna: the program')
  local path = vim.fn.exepath(program())
  if path == '' then
    health.error(("'%s' is not a program on your PATH"):format(program()), {
      'Install lacuna: see docs/install.md, or link your build: ln -s $PWD/build/release/lacuna ~/.local/bin/',
      "Or tell where it is: require('lacuna').setup({ cmd = { '/path/to/lacuna', 'lsp' } })",
    })
    return false
  end
  local ran, outcome = pcall(function() return vim.system({ path, '--version' }, { text = true }):wait(STATUS_PATIENCE_MS) end)
  if not ran or outcome.code ~= 0 then
    local what = ran and (outcome.stderr ~= '' and outcome.stderr or ('it ended with code %d'):format(outcome.code)) or tostring(outcome)
    health.error(('%s does not run: %s'):format(path, vim.trim(what)), 'Build or install it again for this machine')
    return false
  end
  health.ok(('%s: %s'):format(path, vim.trim(outcome.stdout)))
  return true
end

local report = { good = health.ok, warning = health.warn, problem = health.error }

--- `lacuna doctor` with the model that the server is started with.
local function check_machine()
  health.start('Lacuna: this machine and the model (lacuna doctor)')
  local command = { vim.fn.exepath(program()), 'doctor', '--json' }
  local cmd = vim.lsp.config.lacuna.cmd
  local model = config.current.model
  for index, argument in ipairs(type(cmd) == 'table' and cmd or {}) do
    model = model or (argument == '--model' and cmd[index + 1]) or argument:match('^%-%-model=(.*)')
  end
  if model then vim.list_extend(command, { '--model', model }) end
  local outcome = vim.system(command, { text = true }):wait(DOCTOR_PATIENCE_MS)
  local decoded, answer = pcall(vim.json.decode, outcome.stdout)
  if not decoded then
    return health.error(('`%s` has no answer: %s'):format(table.concat(command, ' '), vim.trim(outcome.stderr)), 'Run it in a terminal')
  end
  for _, finding in ipairs(answer.findings) do
    local text = ('%s: %s'):format(finding.subject, finding.text)
    report[finding.health](text, finding.mend ~= '' and { finding.mend } or nil)
  end
end

local function check_session()
  health.start('Lacuna: the session')
  local client = vim.lsp.get_clients({ name = 'lacuna' })[1]
  if not client then
    return health.warn('no server is running', 'Open a file in a language that Lacuna knows; :Lacuna log if that does not start it')
  end
  local answer, err = client:request_sync('workspace/executeCommand', { command = 'lacuna.status', arguments = {} }, STATUS_PATIENCE_MS)
  if not answer or answer.err then
    return health.error('the server does not answer: ' .. tostring(err or answer.err.message), ':Lacuna restart')
  end
  local status = answer.result
  local tell = status.model.state == 'ready' and not status.paused and health.ok or health.warn
  tell(status.message, status.paused and { ':Lacuna resume' } or nil)
  if vim.tbl_isempty(vim.lsp.get_buffers_by_client_id and vim.lsp.get_buffers_by_client_id(client.id) or vim.tbl_keys(client.attached_buffers)) then
    health.warn('no buffer is attached', 'Open a file in a language that Lacuna knows')
  end
end

function M.check()
  check_neovim()
  if check_program() then check_machine() end
  check_session()
end

return M

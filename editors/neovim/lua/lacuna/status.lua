-- What the server is doing, for the status line and for people.
local M = {}

local function client_of(buf) return vim.lsp.get_clients({ bufnr = buf, name = 'lacuna' })[1] end

---@type table<integer, string>  by client: the message of the progress that is going on
local progress = {}
---@type table<integer, boolean>
local paused = {}

vim.api.nvim_create_autocmd('LspProgress', {
  group = vim.api.nvim_create_augroup('lacuna.progress', {}),
  callback = function(event)
    local client = vim.lsp.get_client_by_id(event.data.client_id)
    if not client or client.name ~= 'lacuna' then return end
    local value = event.data.params.value
    progress[client.id] = value.kind ~= 'end' and (value.percentage and ('%d %%'):format(value.percentage) or 'busy') or nil
    vim.cmd.redrawstatus()
  end,
})

--- 'Lacuna', 'Lacuna: loading 40 %', 'Lacuna: paused', or '' where no server is attached.
---@return string
function M.line()
  local client = client_of(0)
  if not client then return '' end
  if progress[client.id] then return 'Lacuna: loading ' .. progress[client.id] end
  return paused[client.id] and 'Lacuna: paused' or 'Lacuna'
end

--- Runs one of the server's commands and hands its answer on; tells what went wrong.
---@param command string
---@param arguments any[]
---@param use fun(answer: table, client: vim.lsp.Client)
function M.ask(command, arguments, use)
  local client = client_of(0) or vim.lsp.get_clients({ name = 'lacuna' })[1]
  if not client then return vim.notify('Lacuna: no server is attached here. See :checkhealth lacuna', vim.log.levels.WARN) end
  client:request('workspace/executeCommand', { command = command, arguments = arguments }, function(err, answer)
    if err then return vim.notify('Lacuna: ' .. err.message, vim.log.levels.ERROR) end
    use(answer, client)
  end)
end

function M.set_paused(client, value) paused[client.id] = value or nil end

--- After a request by hand without an answer: the reason.
function M.tell_silence(client)
  client:request('workspace/executeCommand', { command = 'lacuna.whyNoSuggestion', arguments = {} }, function(err, answer)
    if not err and answer then vim.notify('Lacuna: ' .. answer.message) end
  end)
end

return M

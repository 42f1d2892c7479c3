-- Loaded by Neovim at its start. Everything waits until a buffer is attached to the server or `:Lacuna` is used.
if vim.g.loaded_lacuna then return end
vim.g.loaded_lacuna = true

if vim.fn.has('nvim-0.11') == 0 then
  vim.api.nvim_create_user_command('Lacuna', function() vim.notify('Lacuna needs Neovim 0.11 or newer', vim.log.levels.ERROR) end, { nargs = '*' })
  return
end

vim.api.nvim_create_autocmd('LspAttach', {
  group = vim.api.nvim_create_augroup('lacuna.attach', {}),
  desc = 'Ghost text, keys and fixes of Lacuna',
  callback = function(event)
    local client = vim.lsp.get_client_by_id(event.data.client_id)
    if client and client.name == 'lacuna' then require('lacuna').attach(client, event.buf) end
  end,
})

vim.api.nvim_create_user_command('Lacuna', function(arguments) require('lacuna.command').run(arguments.fargs) end, {
  nargs = '*',
  desc = 'Status, pause, restart and other actions of Lacuna',
  complete = function(lead, line) return require('lacuna.command').complete(lead, line) end,
})

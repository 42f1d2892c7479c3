-- The smallest set-up that works: nvim --clean -u editors/neovim/minimal_init.lua FILE
local here = vim.fs.dirname(vim.fs.abspath(debug.getinfo(1, 'S').source:sub(2)))
vim.opt.runtimepath:prepend(here)
vim.cmd('filetype plugin indent on | syntax on')
vim.diagnostic.config({ virtual_text = true })
require('lacuna').setup()

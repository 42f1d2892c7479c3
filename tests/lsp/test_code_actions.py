"""Quick-fixes: where they are offered, what they say, and that they are right."""

import asyncio

import pytest
from lsprotocol import types

from checked_client import marked
from conftest import capabilities, finish, model_path, samples, start

LANGUAGES = {".py": "python", ".cpp": "cpp", ".ts": "typescript", ".go": "go", ".rs": "rust", ".java": "java", ".c": "c"}


def sample_files():
    return sorted(p for p in samples.iterdir() if p.suffix in LANGUAGES)


@pytest.mark.parametrize("path", sample_files(), ids=lambda p: p.name)
async def test_clean_files_have_no_diagnostics_and_no_actions(client, path):
    document = client.open(path, LANGUAGES[path.suffix], path.read_text())
    assert await document.diagnostics() == []
    everything = types.Range(types.Position(0, 0), document.position(len(document.text)))
    actions = await client.text_document_code_action_async(
        types.CodeActionParams(document.identifier, everything, types.CodeActionContext([])))
    assert not actions


@pytest.mark.parametrize("path", sample_files(), ids=lambda p: p.name)
async def test_a_closing_bracket_taken_from_a_real_file_is_put_back(client, path):
    whole = path.read_text()
    cut = whole.index(")", len(whole) // 2)
    document = client.open(path, LANGUAGES[path.suffix], whole[:cut] + whole[cut + 1:])
    (first, *_) = await document.diagnostics()
    fixes = await document.quick_fixes(first)
    assert fixes and ")" in fixes[0].title
    await document.apply(fixes[0])
    assert await document.diagnostics() == []
    assert document.text == whole


async def test_a_fix_is_offered_anywhere_on_the_line_of_the_error(client, tmp_path):
    document = client.open(tmp_path / "a.py", "python", "total = sum([1, 2, 3]\nprint(total)\n")
    (diagnostic,) = await document.diagnostics()
    line = diagnostic.range.start.line
    for column in (0, 5):
        here = types.Range(types.Position(line, column), types.Position(line, column))
        assert await client.text_document_code_action_async(
            types.CodeActionParams(document.identifier, here, types.CodeActionContext([diagnostic])))


async def test_edits_come_with_the_list_for_clients_that_cannot_resolve(tmp_path):
    simple = capabilities()
    simple.text_document.code_action.resolve_support = None
    simple.workspace.workspace_edit.document_changes = None
    client = await start(cache=tmp_path, client_capabilities=simple)
    document = client.open(tmp_path / "a.py", "python", "print((1, 2)\n")
    (diagnostic,) = await document.diagnostics()
    (fix, *_) = await document.quick_fixes(diagnostic)
    assert fix.edit is not None and fix.edit.changes and not fix.edit.document_changes
    await document.apply(fix)
    assert await document.diagnostics() == []
    await finish(client)


async def advised(client, document, diagnostic, wanted, patience=60):
    """The fixes as soon as the model has said what it thinks of them, in the background of earlier lists."""
    for _ in range(patience * 10):
        fixes = await document.quick_fixes(diagnostic)
        if wanted(fixes):
            return fixes
        await asyncio.sleep(0.1)
    pytest.fail("the model's advice never came")


def by_model(fix):
    return list(fix.tags or []) == [types.CodeActionTag.LlmGenerated]


async def test_a_missing_expression_is_written_by_the_model_and_marked_as_such(tmp_path):
    tagged = capabilities()
    tagged.text_document.code_action.tag_support = types.CodeActionTagOptions([types.CodeActionTag.LlmGenerated])
    client = await start("--model", str(model_path("qwen2.5-coder-0.5b")), client_capabilities=tagged)
    text = "def add(a, b):\n    return a + b\n\n\nprint(add(1, b=))\n"
    document = client.open(tmp_path / "a.py", "python", text)
    (diagnostic,) = await document.diagnostics()
    assert not any(map(by_model, await document.quick_fixes(diagnostic)))  # the model is never waited for
    fixes = await advised(client, document, diagnostic, lambda fixes: any(map(by_model, fixes)))
    (written,) = filter(by_model, fixes)
    assert "written by the model" in written.title and not written.is_preferred
    await document.apply(written)
    assert document.text.startswith(text[:text.index("b=") + 2]) and document.text != text
    assert await document.diagnostics() == []
    await finish(client)


async def test_the_model_is_left_out_where_the_user_wants_that(tmp_path):
    client = await start("--model", str(model_path("qwen2.5-coder-0.5b")), options={"repair": {"useModel": False}})
    document = client.open(tmp_path / "a.py", "python", "print(add(1, b=))\n")
    (diagnostic,) = await document.diagnostics()
    for _ in range(20):
        fixes = await document.quick_fixes(diagnostic)
        assert fixes and not any("model" in fix.title for fix in fixes)
        await asyncio.sleep(0.1)
    await finish(client)


async def test_only_the_kinds_that_were_asked_for_are_given(client, tmp_path):
    text, cursor = marked("print(^^1, 2\n")
    document = client.open(tmp_path / "a.py", "python", text)
    (diagnostic,) = await document.diagnostics()
    for kind in (types.CodeActionKind.QuickFix, types.CodeActionKind.SourceFixAll, types.CodeActionKind.Refactor):
        here = types.Range(document.position(cursor), document.position(cursor))
        actions = await client.text_document_code_action_async(types.CodeActionParams(
            document.identifier, here, types.CodeActionContext([diagnostic], [kind]))) or []
        assert bool(actions) == (kind != types.CodeActionKind.Refactor)
        assert all(str(getattr(a.kind, "value", a.kind)).startswith(kind.value) for a in actions)


async def test_an_edit_of_an_older_version_is_not_given(client, tmp_path):
    document = client.open(tmp_path / "a.py", "python", "print((1, 2)\n")
    (diagnostic,) = await document.diagnostics()
    (fix, *_) = await document.quick_fixes(diagnostic)
    document.replace(0, 0, "# a line more\n")
    try:
        resolved = await client.code_action_resolve_async(fix)
    except Exception as refused:  # ContentModified is the right answer
        assert getattr(refused, "code", None) == types.LSPErrorCodes.ContentModified.value
    else:
        assert resolved.edit is None or all(
            change.text_document.version == document.version for change in resolved.edit.document_changes)


async def test_where_the_grammar_itself_may_err_nothing_is_offered_before_the_text_changes(client, tmp_path):
    text = "( bar if }\n"
    document = client.open(tmp_path / "a.py", "python", text)
    (diagnostic, *_) = await document.diagnostics()
    assert await document.quick_fixes(diagnostic) == []
    document.set(text + "\n")
    (diagnostic, *_) = await document.diagnostics()
    assert await document.quick_fixes(diagnostic)


async def test_a_file_opened_with_many_errors_that_cannot_all_be_mended_is_left_alone(client, tmp_path):
    text = "x = 1 2\n" + "def f():\n    return 1\n? ? ?\n" * 8
    document = client.open(tmp_path / "a.py", "python", text)
    (diagnostic, *others) = await document.diagnostics()
    assert len(others) >= 5
    assert await document.quick_fixes(diagnostic) == []
    document.set(text + "\n")
    (diagnostic, *_) = await document.diagnostics()
    assert await document.quick_fixes(diagnostic)


async def test_a_keyword_misspelt_so_that_the_text_still_parses_is_told_and_mended(client, tmp_path):
    good = "int same(int a) {\n  return a;\n}\n"  # misspelt, it declares an a
    document = client.open(tmp_path / "a.cpp", "cpp", good.replace("return", "reutrn"))
    (diagnostic,) = await document.diagnostics()
    assert "`return`" in diagnostic.message
    (fix,) = await document.quick_fixes(diagnostic)
    await document.apply(fix)
    assert document.text == good
    assert await document.diagnostics() == []

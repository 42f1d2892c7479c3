#include "syntax/text_hunks.h"

namespace lacuna::syntax {
namespace {

struct WideHunk {
  int64_t old_begin, old_end, new_begin, new_end;
  int64_t growth() const { return (new_end - new_begin) - (old_end - old_begin); }
};

/// Adds one edit, whose offsets are those of the text after all of `hunks`.
void add(std::vector<WideHunk>& hunks, const Edit& edit) {
  std::vector<WideHunk> result;
  int64_t begin = edit.begin, end = edit.old_end;
  int64_t growth = int64_t{edit.new_end} - end;
  int64_t shift = 0;  // from old to new offsets, left of the edit
  size_t i = 0;
  for (; i < hunks.size() && hunks[i].new_end < begin; i++) {
    shift += hunks[i].growth();
    result.push_back(hunks[i]);
  }
  WideHunk merged{begin - shift, end - shift, begin, end};
  for (; i < hunks.size() && hunks[i].new_begin <= end; i++) {
    merged.old_begin = std::min(merged.old_begin, hunks[i].old_begin);
    merged.new_begin = std::min(merged.new_begin, hunks[i].new_begin);
    shift += hunks[i].growth();
    merged.new_end = std::max(merged.new_end, hunks[i].new_end);
    merged.old_end = merged.new_end - shift;
  }
  merged.new_end += growth;
  result.push_back(merged);
  for (; i < hunks.size(); i++) {
    hunks[i].new_begin += growth;
    hunks[i].new_end += growth;
    result.push_back(hunks[i]);
  }
  hunks = std::move(result);
}

}  // namespace

std::vector<Hunk> hunks_of(std::span<const Edit> edits, uint64_t old_size, uint64_t new_size) {
  std::vector<WideHunk> wide;
  int64_t size = static_cast<int64_t>(old_size);
  for (const Edit& edit : edits) {
    if (edit.begin > edit.old_end || edit.begin > edit.new_end || edit.old_end > size) return {};
    size += int64_t{edit.new_end} - int64_t{edit.old_end};
    add(wide, edit);
  }
  if (size != static_cast<int64_t>(new_size)) return {};
  std::vector<Hunk> hunks;
  for (const WideHunk& hunk : wide) {
    hunks.push_back({{static_cast<uint32_t>(hunk.old_begin), static_cast<uint32_t>(hunk.old_end)},
                     {static_cast<uint32_t>(hunk.new_begin), static_cast<uint32_t>(hunk.new_end)}});
  }
  return hunks;
}

}  // namespace lacuna::syntax

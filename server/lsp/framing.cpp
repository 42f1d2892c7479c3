#include "server/lsp/framing.h"

#include <algorithm>
#include <cctype>
#include <utility>

namespace lacuna::server {
namespace {

constexpr std::string_view kMarker = "content-length";
constexpr size_t kChunkBytes = 4096;  // small reads are gathered, so that single bytes do not cost a string each
constexpr size_t kMostRescanBytes = size_t{1} << 20;  // a longer bad body is dropped whole: rescanning must stay linear

char lower(char c) {
  return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

/// Where the next header could begin, from `from` on.
size_t find_marker(std::string_view text, size_t from) {
  if (from >= text.size()) return std::string_view::npos;
  const auto found = std::search(text.begin() + static_cast<std::ptrdiff_t>(from), text.end(), kMarker.begin(),
                                 kMarker.end(), [](char x, char y) { return lower(x) == y; });
  return found == text.end() ? std::string_view::npos : static_cast<size_t>(found - text.begin());
}

std::string_view trim(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

bool is_token(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

/// For messages: short, printable, never the source text of a body.
std::string printable(std::string_view text) {
  std::string out;
  for (const char c : text.substr(0, 24)) out += std::isprint(static_cast<unsigned char>(c)) != 0 ? c : '?';
  if (text.size() > 24) out += "...";
  return out;
}

Result<size_t> parse_length(std::string_view value, size_t limit) {
  if (value.empty() || !std::all_of(value.begin(), value.end(), [](char c) { return c >= '0' && c <= '9'; })) {
    return Error::format(ErrorCode::corrupt, "Content-Length '{}' is not a decimal number", printable(value));
  }
  size_t length = 0;
  for (const char digit : value) {
    length = length * 10 + static_cast<size_t>(digit - '0');
    if (length > limit) {
      return Error::format(ErrorCode::corrupt, "Content-Length '{}' is over the limit of {} bytes", printable(value),
                           limit);
    }
  }
  return length;
}

Result<void> check_charset(std::string_view value) {
  const size_t found = value.find("charset=");
  if (found == std::string_view::npos) return {};
  std::string_view charset = trim(value.substr(found + 8));
  charset = charset.substr(0, charset.find(';'));
  if (charset.size() >= 2 && charset.front() == '"' && charset.back() == '"')
    charset = charset.substr(1, charset.size() - 2);
  if (equal_ignoring_case(charset, "utf-8") || equal_ignoring_case(charset, "utf8")) return {};
  return Error::format(ErrorCode::corrupt, "charset '{}' is not utf-8", printable(charset));
}

}  // namespace

void FrameReader::feed(std::string_view bytes) {
  if (bytes.empty() || state_ == State::ended) return;
  num_buffered_ += bytes.size();
  if (!chunks_.empty() && chunks_.back().capacity() - chunks_.back().size() >= bytes.size()) {
    chunks_.back().append(bytes);
    return;
  }
  chunks_.emplace_back();
  chunks_.back().reserve(std::max(bytes.size(), kChunkBytes));
  chunks_.back().append(bytes);
}

std::optional<Result<std::string>> FrameReader::next() {
  if (num_faults_ > limits_.faults_in_a_row && state_ != State::ended) {
    state_ = State::ended;
    return Error::format(ErrorCode::exhausted, "{} malformed frames in a row: giving up", num_faults_);
  }
  for (;;) {
    switch (state_) {
      case State::ended:
        return std::nullopt;
      case State::noise:
        skip_noise();
        if (state_ == State::noise) return std::nullopt;
        break;
      case State::header:
        if (auto outcome = read_header()) return outcome;
        if (state_ == State::header) return std::nullopt;
        break;
      case State::body:
        return read_body();
    }
  }
}

void FrameReader::reject(std::string body) {
  ++num_faults_;
  if (body.size() > kMostRescanBytes) return;
  const size_t found = find_marker(body, 0);
  if (found != std::string::npos) push_front(body.substr(found));
}

/// Reads lines into `header_` until the block ends. An error is returned; a change of state is seen in state_.
std::optional<Result<std::string>> FrameReader::read_header() {
  while (num_buffered_ > 0) {
    const char c = chunks_.front()[front_];
    take(1);
    header_ += c;
    if (header_.size() > limits_.header_bytes) {
      return fault(Error::format(ErrorCode::corrupt, "header is over the limit of {} bytes", limits_.header_bytes));
    }
    if (c != '\n') continue;
    if (const auto error = finish_line()) return fault(*error);
    if (line_begin_ == header_.size()) continue;  // a field; the block goes on
    return finish_header();
  }
  return std::nullopt;
}

/// Looks at the line that just ended. Leaves line_begin_ behind the line, or before it where it was the blank one.
std::optional<Error> FrameReader::finish_line() {
  std::string_view line(header_.data() + line_begin_, header_.size() - line_begin_ - 1);
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  if (line.empty() && line_begin_ > 0) return std::nullopt;
  if (line.empty()) {  // stray line ends between frames
    header_.clear();
    return std::nullopt;
  }
  const auto result = read_field(line);
  line_begin_ = header_.size();
  if (!result.ok()) return result.error();
  return std::nullopt;
}

Result<void> FrameReader::read_field(std::string_view line) {
  const size_t colon = line.find(':');
  const std::string_view name = trim(line.substr(0, colon));
  if (colon == std::string_view::npos || !is_token(name)) {
    return Error{ErrorCode::corrupt, "not a header line: '" + printable(line) + "'"};
  }
  const std::string_view value = trim(line.substr(colon + 1));
  if (equal_ignoring_case(name, kMarker)) {
    LACUNA_ASSIGN_OR_RETURN(const size_t length, parse_length(value, limits_.body_bytes));
    if (fields_.length && *fields_.length != length) {
      return Error::format(ErrorCode::corrupt, "two Content-Length headers, {} and {}", *fields_.length, length);
    }
    fields_.length = length;
  } else if (equal_ignoring_case(name, "content-type")) {
    if (auto charset = check_charset(value); !charset.ok()) fields_.fault = charset.error();
  }
  return {};
}

std::optional<Result<std::string>> FrameReader::finish_header() {
  if (!fields_.length) return fault(Error{ErrorCode::corrupt, "header without Content-Length"});
  header_.clear();
  line_begin_ = 0;
  state_ = State::body;
  return std::nullopt;
}

std::optional<Result<std::string>> FrameReader::read_body() {
  const size_t length = *fields_.length;
  if (num_buffered_ < length) return std::nullopt;
  std::string body = take(length);
  const std::optional<Error> charset = std::move(fields_.fault);
  fields_ = {};
  state_ = State::header;
  if (charset) return fault(*charset);
  return Result<std::string>(std::move(body));
}

/// Drops bytes up to the next marker, keeping the last few, which may be its beginning.
void FrameReader::skip_noise() {
  std::string window = std::exchange(header_, {});
  while (num_buffered_ > 0) {
    window += take(std::min(num_buffered_, chunks_.front().size() - front_));
    const size_t found = find_marker(window, 0);
    if (found != std::string::npos) {
      push_front(window.substr(found));
      state_ = State::header;
      return;
    }
    window.erase(0, window.size() - std::min(window.size(), kMarker.size() - 1));
  }
  header_ = std::move(window);
}

/// Gives up the frame. The bytes of its header are looked through again: the next frame may begin in their middle.
Result<std::string> FrameReader::fault(Error error) {
  ++num_faults_;
  if (!header_.empty()) {
    push_front(header_.substr(1));
    header_.clear();
    state_ = State::noise;
  }
  line_begin_ = 0;
  fields_ = {};
  return error;
}

void FrameReader::push_front(std::string bytes) {
  if (bytes.empty()) return;
  if (!chunks_.empty()) chunks_.front().erase(0, std::exchange(front_, 0));
  num_buffered_ += bytes.size();
  chunks_.push_front(std::move(bytes));
}

/// Removes `count` bytes, which must be there. Chunks are freed as they are copied.
std::string FrameReader::take(size_t count) {
  std::string out;
  out.reserve(count);
  num_buffered_ -= count;
  while (count > 0) {
    std::string& chunk = chunks_.front();
    const size_t part = std::min(count, chunk.size() - front_);
    out.append(chunk, front_, part);
    front_ += part;
    count -= part;
    if (front_ == chunk.size()) {
      chunks_.pop_front();
      front_ = 0;
    }
  }
  return out;
}

}  // namespace lacuna::server

/// Text hygiene: what may be put into a person's file without their seeing it, and what may not.
///
/// Pure functions; any thread.
#pragma once

#include <string>
#include <string_view>

namespace lacuna::server {

/// Characters that an editor does not show or that change the order in which text is read: bidirectional controls,
/// zero-width and tag characters, control characters other than tab and line ends. They hide meaning ("Trojan Source").
bool is_unseen(char32_t code_point);

/// The part of `generated` before its first invalid byte or unseen character. Unseen characters that `document` already
/// contains may stay. An incomplete last character is cut off.
std::string_view clean_prefix(std::string_view generated, std::string_view document);

/// Nothing but blanks and line ends.
bool is_blank(std::string_view text);

/// "\r\n" if that ends the first line of `document`, else "\n".
std::string_view line_end_of(std::string_view document);

/// `text` with every "\r\n" and "\n" turned into `line_end`. Lone carriage returns are dropped.
std::string with_line_ends(std::string_view text, std::string_view line_end);

}  // namespace lacuna::server

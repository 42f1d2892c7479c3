/// What a place in a text is.
#pragma once

namespace lacuna::syntax {

enum class TextKind { code, comment, string };

}  // namespace lacuna::syntax

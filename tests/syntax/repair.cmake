find_package(nlohmann_json REQUIRED)

lacuna_test(repair_tests LABEL unit LIBRARIES lacuna_syntax lacuna_support tree_sitter SOURCES
  lexemes_test.cpp
  marked_text.cpp
  parse_stack_test.cpp
  repair_parts_test.cpp
  repair_holes_test.cpp
  repair_test.cpp
  samples.cpp
  silent_errors_test.cpp
  silent_guesses_test.cpp)

# Not a test: the features that scripts/repair_train.py learns from.
add_executable(repair_features EXCLUDE_FROM_ALL repair_features_main.cpp)
target_link_libraries(repair_features PRIVATE lacuna_syntax nlohmann_json::nlohmann_json)

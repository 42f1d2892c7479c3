#include "kernels/quant_blocks.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <vector>

namespace lacuna::kernels {
namespace {

constexpr Half kHalf = 0x3800;   // 0.5
constexpr Half kTwo = 0x4000;    // 2
constexpr Half kThree = 0x4200;  // 3

template <class Block>
std::vector<float> decoded(TensorType type, const Block& block) {
  std::vector<float> out(type_traits(type).block_elements);
  dequantize(type, &block, out.size(), out.data());
  return out;
}

}  // namespace

TEST_CASE("every half converts to a float and back") {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    const auto half = static_cast<Half>(bits);
    const float value = half_to_float(half);
    if (std::isnan(value)) {
      CHECK(std::isnan(half_to_float(float_to_half(value))));
    } else {
      REQUIRE(float_to_half(value) == half);
    }
  }
  CHECK(half_to_float(0x0001) == 0x1p-24f);
  CHECK(half_to_float(0x7BFF) == 65504.0f);
  CHECK(std::isinf(half_to_float(0xFC00)));
}

TEST_CASE("conversion to half rounds to the nearest, and to even between two") {
  CHECK(float_to_half(1.0f + 0x1p-11f) == 0x3C00);
  CHECK(float_to_half(1.0f + 3 * 0x1p-11f) == 0x3C02);
  CHECK(float_to_half(1.0f + 0x1p-11f + 0x1p-20f) == 0x3C01);
  CHECK(float_to_half(65519.0f) == 0x7BFF);
  CHECK(float_to_half(65520.0f) == 0x7C00);
  CHECK(float_to_half(0x1p-25f) == 0x0000);
  CHECK(float_to_half(0x1.8p-25f) == 0x0001);
  CHECK(float_to_half(-0x1p-14f + 0x1p-25f) == 0x8400);
}

TEST_CASE("types are known by the file's numbers") {
  CHECK(find_type_traits(12)->block_bytes == 144);
  CHECK(std::strcmp(find_type_traits(14)->name, "Q6_K") == 0);
  for (const uint32_t unknown : {4u, 5u, 9u, 10u, 15u, 29u, 31u, 0xFFFFFFFFu})
    CHECK(find_type_traits(unknown) == nullptr);
}

TEST_CASE("32-element blocks decode to scale times code, plus minimum") {
  BlockQ4_0 q4_0{kHalf, {}};
  q4_0.qs[0] = 0xF0;
  CHECK(decoded(TensorType::q4_0, q4_0)[0] == -4.0f);
  CHECK(decoded(TensorType::q4_0, q4_0)[16] == 3.5f);

  BlockQ4_1 q4_1{kHalf, kThree, {}};
  q4_1.qs[15] = 0x5A;
  CHECK(decoded(TensorType::q4_1, q4_1)[15] == 8.0f);
  CHECK(decoded(TensorType::q4_1, q4_1)[31] == 5.5f);

  BlockQ5_0 q5_0{kTwo, {}, {}};
  q5_0.qs[1] = 0x21;
  q5_0.qh[2] = 0x02;  // weight 17
  CHECK(decoded(TensorType::q5_0, q5_0)[1] == -30.0f);
  CHECK(decoded(TensorType::q5_0, q5_0)[17] == 4.0f);

  BlockQ5_1 q5_1{kTwo, kThree, {}, {}};
  q5_1.qs[0] = 0x0F;
  q5_1.qh[0] = 0x01;
  CHECK(decoded(TensorType::q5_1, q5_1)[0] == 65.0f);

  BlockQ8_0 q8_0{kHalf, {}};
  q8_0.qs[31] = -128;
  CHECK(decoded(TensorType::q8_0, q8_0)[31] == -64.0f);
}

TEST_CASE("K blocks unpack their six-bit scales") {
  BlockQ4_K q4{kHalf, kTwo, {}, {}};
  q4.scales[0] = 0xC0 | 33;  // scale 0 is 33; the top bits belong to scale 4
  q4.scales[4] = 0x40 | 5;   // minimum 0 is 5; the top bits belong to minimum 4
  q4.scales[8] = 0x21;       // scale 4 is 1 + 48, minimum 4 is 2 + 16
  q4.qs[0] = 0x07;
  q4.qs[64] = 0x03;
  const std::vector<float> four = decoded(TensorType::q4_k, q4);
  CHECK(four[0] == 0.5f * 33 * 7 - 2.0f * 5);
  CHECK(four[128] == 0.5f * 49 * 3 - 2.0f * 18);

  BlockQ5_K q5{kHalf, kTwo, {}, {}, {}};
  q5.scales[1] = 2;
  q5.qs[3] = 0x40;
  q5.qh[3] = 0x02;
  CHECK(decoded(TensorType::q5_k, q5)[35] == 0.5f * 2 * 20);
  CHECK(decoded(TensorType::q5_k, q5)[34] == 0.0f);
}

TEST_CASE("Q6_K finds each weight's two upper bits") {
  BlockQ6_K block{};
  block.d = kHalf;
  block.scales[0] = 4;
  block.scales[13] = -3;  // weights 208 to 223
  block.ql[0] = 0x05;
  block.qh[0] = 0x01;
  block.ql[64 + 16] = 0x90;  // the second half, run 2, lane 16: weight 128 + 64 + 16
  block.qh[32 + 16] = 0x20;
  const std::vector<float> out = decoded(TensorType::q6_k, block);
  CHECK(out[0] == 0.5f * 4 * (21 - 32));
  CHECK(out[208] == 0.5f * -3 * (41 - 32));
}

}  // namespace lacuna::kernels

// Goldens of the formats: what recordings, snapshots and peers of other builds already hold. A
// change of one of these is a change of format: give the format a new version, and say here why.
#pragma once
#include <cstdint>
#include <string_view>

namespace canon::test {

// Of golden_value() in core_bytes.cpp.
inline constexpr std::string_view kGoldenValueBytes =
    "07050305040000000000000440030a05020500050141070305000600050166010501740205056672616d6503d10905"
    "046c69737406050004000000000000000003ffffffffffffffffff0103feffffffffffffffff0104000000000000f8"
    "7f";
inline constexpr std::uint64_t kGoldenValueHash = 2954979694176752402u;

// Of golden_object() in core_serialize.cpp.
inline constexpr std::string_view kGoldenObjectBytes =
    "d80403ffffffffffffffffff01ff630563616e6f6e01c801000000000000e03f0000c03f0107030080ff020100"
    "02000201d8040102ff01020103610a6200000000000000000000000000000001ce490000000000000080010704"
    "02020162020161020506020178017802036f6e65010000c07f000e040474657874ce49065a5901020304070105"
    "016b06020302040000000000000040";

// Of RandomStream(1, 2).
inline constexpr std::uint64_t kGoldenRandom[] = {10154990248698053839u, 723669816833414966u,
                                                  15781932863528943987u, 1011969556795891601u};

// Of SLEEF 3.5.1; another version may change it, and then recordings made with the old one diverge.
inline constexpr std::uint64_t kGoldenStrictMath = 0xb5039dd5afb1a7de;

}  // namespace canon::test

// Random values for property tests: the same ones in every run.
#pragma once
#include <string>

#include "canon/random.hpp"
#include "canon/value.hpp"

namespace canon::test {

inline std::string random_text(RandomStream& random) {
    std::string text(static_cast<std::size_t>(random.next_integer(0, 9)), ' ');
    for (char& c : text) c = static_cast<char>(random.next_integer(0, 255));
    return text;
}

inline std::int64_t random_integer(RandomStream& random) {
    return static_cast<std::int64_t>(random.next()) >> random.next_integer(0, 63);
}

// Any bits, so any kind of float: subnormal, infinite, NaNs that the value makes canonical.
inline double random_float(RandomStream& random) { return std::bit_cast<double>(random.next()); }

inline Key random_key(RandomStream& random) {
    if (random.next_integer(0, 1) == 0) return random.next_integer(-3, 6);
    return random_text(random);
}

inline Value random_value(RandomStream& random, int depth = 0) {
    switch (random.next_integer(0, depth < 5 ? 6 : 4)) {
        case 0:
            return {};
        case 1:
            return random.next_integer(0, 1) == 1;
        case 2:
            return random_integer(random);
        case 3:
            return random_float(random);
        case 4:
            return random_text(random);
        case 5: {
            List list(static_cast<std::size_t>(random.next_integer(0, 4)));
            for (Value& element : list) element = random_value(random, depth + 1);
            return list;
        }
        default: {
            Map map;
            for (std::int64_t left = random.next_integer(0, 4); left > 0; --left)
                map.set(random_key(random), random_value(random, depth + 1));
            return map;
        }
    }
}

}  // namespace canon::test

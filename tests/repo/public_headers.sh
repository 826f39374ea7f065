#!/bin/sh
# Each public header compiles alone, with nothing but the public folder in reach.
cd "$(dirname "$0")/../.." || exit 1
find framework/include -name '*.hpp' | sort | xargs -r -P "$(nproc)" -I HEADER \
    "${CXX:-g++}" -std=c++20 -Wall -Wextra -Werror -Iframework/include -fsyntax-only -x c++ -include HEADER /dev/null

// Mathematics: exact functions by hand, transcendental ones from strict math, random numbers from
// the run's stream.
//
// Results are the same bits on every processor. Stock Lua's library is not opened at all: its
// generator is seeded from the clock and an address.
#include <cmath>
#include <limits>

#include "canon/strict_math.hpp"
#include "script/raise.hpp"
#include "script/strict_library.hpp"
#include "script/vm_context.hpp"

namespace canon::script {
namespace {

using Integers = std::numeric_limits<lua_Integer>;

// Pushes a whole float as an integer where one can hold it.
void push_whole(lua_State* L, lua_Number number) {
    lua_Integer whole;
    if (lua_numbertointeger(number, &whole))
        lua_pushinteger(L, whole);
    else
        lua_pushnumber(L, number);
}

int math_abs(lua_State* L) {
    if (lua_isinteger(L, 1)) {
        const lua_Integer number = lua_tointeger(L, 1);
        lua_pushinteger(L, number < 0 ? luaL_intop(-, 0, number) : number);
    } else {
        lua_pushnumber(L, std::fabs(luaL_checknumber(L, 1)));
    }
    return 1;
}

int math_ceil(lua_State* L) {
    if (lua_isinteger(L, 1))
        lua_settop(L, 1);
    else
        push_whole(L, std::ceil(luaL_checknumber(L, 1)));
    return 1;
}

int math_floor(lua_State* L) {
    if (lua_isinteger(L, 1))
        lua_settop(L, 1);
    else
        push_whole(L, std::floor(luaL_checknumber(L, 1)));
    return 1;
}

int math_fmod(lua_State* L) {
    if (!lua_isinteger(L, 1) || !lua_isinteger(L, 2)) {
        const lua_Number a = luaL_checknumber(L, 1);
        lua_pushnumber(L, std::fmod(a, luaL_checknumber(L, 2)));  // exact by definition
        return 1;
    }
    const lua_Integer divisor = lua_tointeger(L, 2);
    luaL_argcheck(L, divisor != 0, 2, "zero");
    // mininteger % -1 overflows in C.
    lua_pushinteger(L, divisor == -1 ? 0 : lua_tointeger(L, 1) % divisor);
    return 1;
}

int math_modf(lua_State* L) {
    if (lua_isinteger(L, 1)) {
        lua_settop(L, 1);
        lua_pushnumber(L, 0);
        return 2;
    }
    const lua_Number number = luaL_checknumber(L, 1);
    const lua_Number whole = std::trunc(number);
    push_whole(L, whole);
    lua_pushnumber(L, number == whole ? 0.0 : number - whole);  // an infinity has no fraction
    return 2;
}

// As in stock Lua, of any values that have an order; the first of equal ones.
template <bool kLargest>
int math_extreme(lua_State* L) {
    const int count = lua_gettop(L);
    luaL_argcheck(L, count >= 1, 1, "value expected");
    int best = 1;
    for (int i = 2; i <= count; ++i) {
        const bool beats =
            kLargest ? lua_compare(L, best, i, LUA_OPLT) : lua_compare(L, i, best, LUA_OPLT);
        if (beats) best = i;
    }
    lua_pushvalue(L, best);
    return 1;
}

int math_sqrt(lua_State* L) {
    lua_pushnumber(L, strict::sqrt(luaL_checknumber(L, 1)));
    return 1;
}

int math_tointeger(lua_State* L) {
    int is_whole;
    const lua_Integer whole = lua_tointegerx(L, 1, &is_whole);
    if (is_whole != 0) {
        lua_pushinteger(L, whole);
    } else {
        luaL_checkany(L, 1);
        luaL_pushfail(L);
    }
    return 1;
}

int math_type(lua_State* L) {
    if (lua_type(L, 1) == LUA_TNUMBER) {
        push_string(L, lua_isinteger(L, 1) ? "integer" : "float");
    } else {
        luaL_checkany(L, 1);
        luaL_pushfail(L);
    }
    return 1;
}

int math_ult(lua_State* L) {
    const lua_Unsigned a = static_cast<lua_Unsigned>(luaL_checkinteger(L, 1));
    lua_pushboolean(L, a < static_cast<lua_Unsigned>(luaL_checkinteger(L, 2)));
    return 1;
}

template <double (*kFunction)(double) noexcept>
int math_function(lua_State* L) {
    lua_pushnumber(L, kFunction(luaL_checknumber(L, 1)));
    return 1;
}

int math_atan(lua_State* L) {
    const lua_Number y = luaL_checknumber(L, 1);
    lua_pushnumber(
        L, lua_isnoneornil(L, 2) ? strict::atan(y) : strict::atan2(y, luaL_checknumber(L, 2)));
    return 1;
}

int math_log(lua_State* L) {
    const lua_Number x = luaL_checknumber(L, 1);
    if (lua_isnoneornil(L, 2)) {
        lua_pushnumber(L, strict::log(x));
        return 1;
    }
    const lua_Number base = luaL_checknumber(L, 2);
    if (base == 2)
        lua_pushnumber(L, strict::log2(x));
    else if (base == 10)
        lua_pushnumber(L, strict::log10(x));
    else
        lua_pushnumber(L, strict::log(x) / strict::log(base));
    return 1;
}

constexpr lua_Number kDegreesOfHalfTurn = 180.0;
constexpr lua_Number kPi = 3.141592653589793238462643383279502884;

int math_deg(lua_State* L) {
    lua_pushnumber(L, luaL_checknumber(L, 1) * (kDegreesOfHalfTurn / kPi));
    return 1;
}

int math_rad(lua_State* L) {
    lua_pushnumber(L, luaL_checknumber(L, 1) * (kPi / kDegreesOfHalfTurn));
    return 1;
}

int math_random(lua_State* L) {
    lua_Integer low = 1;
    lua_Integer high;
    RandomStream& stream = context(L).random;
    switch (lua_gettop(L)) {
        case 0:
            lua_pushnumber(L, stream.next_float());
            return 1;
        case 1:
            high = luaL_checkinteger(L, 1);
            if (high == 0) {
                lua_pushinteger(L, static_cast<lua_Integer>(stream.next()));
                return 1;
            }
            break;
        case 2:
            low = luaL_checkinteger(L, 1);
            high = luaL_checkinteger(L, 2);
            break;
        default:
            raise(L, "wrong number of arguments to 'random'");
    }
    luaL_argcheck(L, low <= high, lua_gettop(L), "interval is empty");
    lua_pushinteger(L, stream.next_integer(low, high));
    return 1;
}

int math_randomseed(lua_State* L) {
    raise(L,
          "math.randomseed is not available: each job's random numbers follow from the session's "
          "seed and the job; give "
          "`key` to engine.submit for another stream");
}

constexpr luaL_Reg kFunctions[] = {
    {"abs", math_abs},
    {"acos", math_function<strict::acos>},
    {"asin", math_function<strict::asin>},
    {"atan", math_atan},
    {"ceil", math_ceil},
    {"cos", math_function<strict::cos>},
    {"deg", math_deg},
    {"exp", math_function<strict::exp>},
    {"floor", math_floor},
    {"fmod", math_fmod},
    {"log", math_log},
    {"max", math_extreme<true>},
    {"min", math_extreme<false>},
    {"modf", math_modf},
    {"rad", math_rad},
    {"random", math_random},
    {"randomseed", math_randomseed},
    {"sin", math_function<strict::sin>},
    {"sqrt", math_sqrt},
    {"tan", math_function<strict::tan>},
    {"tointeger", math_tointeger},
    {"type", math_type},
    {"ult", math_ult},
    {nullptr, nullptr},
};

}  // namespace

void open_strict_math(lua_State* L) {
    lua_createtable(L, 0, 32);
    set_functions(L, kFunctions);
    lua_pushnumber(L, kPi);
    lua_setfield(L, -2, "pi");
    lua_pushnumber(L, std::numeric_limits<lua_Number>::infinity());
    lua_setfield(L, -2, "huge");
    lua_pushinteger(L, Integers::max());
    lua_setfield(L, -2, "maxinteger");
    lua_pushinteger(L, Integers::min());
    lua_setfield(L, -2, "mininteger");
    lua_setglobal(L, "math");
}

}  // namespace canon::script

// Host functions: C++ functions that scripts call by name, with arguments and results converted by
// type.
//
//   double distance(double x, double y);
//   runner.add_function("geometry", "distance", &distance, {"x", "y"});
//
// Types: bool; integers, within their range; float and double, from any number; std::string and
// std::string_view (valid during the call); EntityId; Value, for anything; std::vector of these;
// std::optional of these, for nil or an argument left out. Results may also be void, or a
// std::tuple for several. A wrong argument is an error in the script that names it.
#pragma once
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "canon/bytes.hpp"
#include "canon/error.hpp"
#include "canon/ids.hpp"
#include "canon/value.hpp"

namespace canon {

/// Where a host function runs.
enum class Purity : std::uint8_t {
    /// On the worker, within the job: it must be safe to call from many threads, change nothing,
    /// and
    /// depend on nothing but its arguments.
    pure,
    /// In drain(), on its thread: the job stops until then, as in engine.call.
    main_thread,
    /// The same, and it may ask the world outside: a clock, a file, a network. What it answers in a
    /// Simulation is an input: it is recorded, and a replay takes it from there and does not call.
    external,
};

struct HostFunction {
    std::string module;
    std::string name;
    Purity purity = Purity::pure;
    /// Reads `count` canonical values and appends the results; returns how many. What it throws
    /// becomes an error in the script.
    std::function<std::uint32_t(ByteReader& arguments, std::uint32_t count, Bytes& results)> invoke;

    std::string full_name() const { return module + "." + name; }
};

namespace host_function_detail {

/// "argument 2 ('goal')"
std::string place(std::size_t index, const std::vector<std::string>& names);
[[noreturn]] void refuse(std::size_t index, const std::vector<std::string>& names,
                         const Value& found, const char* expected);

template <class T>
inline constexpr bool kIsVector = false;
template <class T>
inline constexpr bool kIsVector<std::vector<T>> = true;
template <class T>
inline constexpr bool kIsOptional = false;
template <class T>
inline constexpr bool kIsOptional<std::optional<T>> = true;
template <class T>
inline constexpr bool kIsTuple = false;
template <class... T>
inline constexpr bool kIsTuple<std::tuple<T...>> = true;

template <class T>
inline constexpr const char* kTypeName = "value";
template <>
inline constexpr const char* kTypeName<bool> = "boolean";
template <std::integral T>
inline constexpr const char* kTypeName<T> = "integer of its type's range";
template <std::floating_point T>
inline constexpr const char* kTypeName<T> = "number";
template <>
inline constexpr const char* kTypeName<std::string> = "string";
template <>
inline constexpr const char* kTypeName<std::string_view> = "string";
template <>
inline constexpr const char* kTypeName<EntityId> = "entity id";
template <class T>
inline constexpr const char* kTypeName<std::vector<T>> = "list";
template <class T>
inline constexpr const char* kTypeName<std::optional<T>> = kTypeName<T>;

template <class T>
bool whole(double number, T& out) {
    if (!(number >= -0x1p63 && number < 0x1p63)) return false;
    const auto integer = static_cast<std::int64_t>(number);
    if (static_cast<double>(integer) != number || !std::in_range<T>(integer)) return false;
    out = static_cast<T>(integer);
    return true;
}

/// Reads one value as T. False where it is of another type; `in` is anywhere then.
template <class T>
bool read(ByteReader& in, T& out) {
    if constexpr (std::same_as<T, Value>) {
        return read_value(in, out);
    } else if constexpr (kIsOptional<T>) {
        if (in.left() != 0 && *in.position() == static_cast<std::uint8_t>(Tag::nil)) {
            out.reset();
            return in.skip(1);
        }
        return read(in, out.emplace());
    } else {
        std::uint8_t byte = 0;
        if (!in.byte(byte)) return false;
        const auto tag = static_cast<Tag>(byte);
        if constexpr (std::same_as<T, bool>) {
            out = tag == Tag::yes;
            return tag == Tag::yes || tag == Tag::no;
        } else if constexpr (std::same_as<T, EntityId>) {
            return tag == Tag::integer && in.zigzag(out.value);
        } else if constexpr (std::integral<T>) {
            std::int64_t integer = 0;
            double number = 0;
            if (tag == Tag::number) return in.number(number) && whole(number, out);
            if (tag != Tag::integer || !in.zigzag(integer) || !std::in_range<T>(integer))
                return false;
            out = static_cast<T>(integer);
            return true;
        } else if constexpr (std::floating_point<T>) {
            std::int64_t integer = 0;
            double number = 0;
            if (tag == Tag::integer ? in.zigzag(integer) : tag == Tag::number && in.number(number))
                out = static_cast<T>(tag == Tag::integer ? static_cast<double>(integer) : number);
            else
                return false;
            return true;
        } else if constexpr (std::same_as<T, std::string> || std::same_as<T, std::string_view>) {
            std::string_view text;
            if (tag != Tag::string || !in.string(text)) return false;
            out = text;
            return true;
        } else {
            static_assert(kIsVector<T>,
                          "a host function takes no such type; see the top of this file");
            std::uint64_t count = 0;
            if (tag != Tag::list || !in.count(count)) return false;
            out.resize(static_cast<std::size_t>(count));
            for (std::size_t i = 0; i < out.size(); ++i) {
                typename T::value_type element{};
                if (!read(in, element)) return false;
                out[i] = std::move(element);
            }
            return true;
        }
    }
}

template <class T>
void write(Bytes& out, const T& value) {
    if constexpr (kIsOptional<T>) {
        if (value)
            write(out, *value);
        else
            out.put(static_cast<std::uint8_t>(Tag::nil));
    } else if constexpr (std::same_as<T, bool>) {
        out.put(static_cast<std::uint8_t>(value ? Tag::yes : Tag::no));
    } else if constexpr (std::same_as<T, EntityId>) {
        out.put(static_cast<std::uint8_t>(Tag::integer));
        out.put_zigzag(value.value);
    } else if constexpr (std::integral<T>) {
        static_assert(IntegerOfValue<T>, "a script has no integers beyond 63 bits and a sign");
        out.put(static_cast<std::uint8_t>(Tag::integer));
        out.put_zigzag(value);
    } else if constexpr (std::floating_point<T>) {
        out.put(static_cast<std::uint8_t>(Tag::number));
        out.put_float(value);
    } else if constexpr (std::convertible_to<const T&, std::string_view>) {
        out.put(static_cast<std::uint8_t>(Tag::string));
        out.put_string(value);
    } else if constexpr (kIsVector<T>) {
        out.put(static_cast<std::uint8_t>(Tag::list));
        out.put_varint(value.size());
        for (const auto& element : value) write(out, typename T::value_type(element));
    } else {
        write_value(out, value);
    }
}

template <class T>
T argument(ByteReader& in, std::uint32_t count, std::size_t index,
           const std::vector<std::string>& names) {
    T out{};
    if (index >= count) {
        if constexpr (kIsOptional<T> || std::same_as<T, Value>) return out;
        throw Error(place(index, names) + " is missing; expected: " + kTypeName<T>);
    }
    const std::span<const std::uint8_t> rest(in.position(), in.left());
    if (read(in, out)) return out;
    ByteReader again(rest);
    Value found;
    read_value(again, found);
    refuse(index, names, found, kTypeName<T>);
}

template <class... Parameters, std::size_t... kIndex>
std::tuple<std::remove_cvref_t<Parameters>...> read_all(ByteReader& in, std::uint32_t count,
                                                        const std::vector<std::string>& names,
                                                        std::index_sequence<kIndex...>) {
    (void)in, (void)count, (void)names;  // where there are no parameters
    // Braces: from left to right.
    return {argument<std::remove_cvref_t<Parameters>>(in, count, kIndex, names)...};
}

template <class Function, class Result, class... Parameters>
HostFunction make(Function function, std::vector<std::string> names) {
    HostFunction made;
    made.invoke = [function = std::move(function), names = std::move(names)](
                      ByteReader& in, std::uint32_t count, Bytes& results) -> std::uint32_t {
        if (count > sizeof...(Parameters))
            throw Error(std::to_string(count) + " arguments, but it takes " +
                        std::to_string(sizeof...(Parameters)));
        auto arguments =
            read_all<Parameters...>(in, count, names, std::index_sequence_for<Parameters...>());
        if constexpr (std::is_void_v<Result>) {
            std::apply(function, std::move(arguments));
            return 0;
        } else {
            const std::remove_cvref_t<Result> result = std::apply(function, std::move(arguments));
            if constexpr (kIsTuple<std::remove_cvref_t<Result>>) {
                std::apply([&](const auto&... parts) { (write(results, parts), ...); }, result);
                return static_cast<std::uint32_t>(std::tuple_size_v<std::remove_cvref_t<Result>>);
            } else {
                write(results, result);
                return 1;
            }
        }
    };
    return made;
}

template <class Function>
struct Signature : Signature<decltype(&Function::operator())> {};
template <class Result, class... Parameters>
struct Signature<Result (*)(Parameters...)> {
    template <class Function>
    static HostFunction make(Function function, std::vector<std::string> names) {
        return host_function_detail::make<Function, Result, Parameters...>(std::move(function),
                                                                           std::move(names));
    }
};
template <class Result, class... Parameters>
struct Signature<Result (*)(Parameters...) noexcept> : Signature<Result (*)(Parameters...)> {};
template <class Class, class Result, class... Parameters>
struct Signature<Result (Class::*)(Parameters...) const> : Signature<Result (*)(Parameters...)> {};
template <class Class, class Result, class... Parameters>
struct Signature<Result (Class::*)(Parameters...)> : Signature<Result (*)(Parameters...)> {};

}  // namespace host_function_detail

/// `function`: a function pointer or an object with one operator(). `parameters`: their names, for
/// messages; may be fewer or none.
template <class Function>
HostFunction host_function(std::string module, std::string name, Function function,
                           std::vector<std::string> parameters = {}, Purity purity = Purity::pure) {
    HostFunction made =
        host_function_detail::Signature<Function>::make(std::move(function), std::move(parameters));
    made.module = std::move(module);
    made.name = std::move(name);
    made.purity = purity;
    return made;
}

}  // namespace canon

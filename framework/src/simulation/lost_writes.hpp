// Lost writes: gathers those of a frame for its report, and finds fields that two jobs have set.
//
// The same write by many runs of a function is one entry with a count.
#pragma once
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "canon/lost_write.hpp"
#include "canon/schema.hpp"

namespace canon {

class LostWrites {
  public:
    static constexpr std::size_t kMost = 1000;  ///< entries of a frame; further ones are left out

    /// Who sets a field: a job by its number in the frame.
    struct Setter {
        std::uint32_t job;
        std::uint32_t function;
        Stamp stamp;
    };
    struct Overwritten {
        Setter earlier;
        bool is_found = false;
    };

    void begin_frame();
    void add(LostWrite write, std::vector<LostWrite>& report);
    /// Notes that a job sets a field to these bytes. What it gives back is found where another job
    /// has set it to others before.
    Overwritten set(EntityId entity, NameId field, const Setter& setter,
                    std::span<const std::uint8_t> value);

  private:
    struct Set {
        Setter setter;
        std::uint64_t value;  // its hash
    };
    struct FieldHash {
        std::size_t operator()(const std::pair<std::int64_t, NameId>& field) const noexcept {
            return static_cast<std::size_t>(field.first) * 0x9E3779B97F4A7C15ull + field.second;
        }
    };
    using Place =
        std::tuple<LostWrite::Kind, std::string, std::string, std::string, LostWrite::Change>;

    std::map<Place, std::size_t> places_;
    std::unordered_map<std::pair<std::int64_t, NameId>, Set, FieldHash> sets_;
};

}  // namespace canon

// Host state from a cereal `serialize` function: the one walk that saves, loads, hashes and dumps
// it.
//
//     struct Weather {
//         double wind = 0;
//         std::map<std::string, int> clouds;
//         template <class Archive>
//         void serialize(Archive& archive) {
//             archive(CEREAL_NVP(wind), CEREAL_NVP(clouds));
//         }
//     };
//
// Which types a field may have is told in serialize.hpp, and how one is marked as derived from the
// others or as local to the process. A member function `rebuild()`, if there is one, is called
// after each load, to make the derived fields again.
#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "canon/host_state_base.hpp"
#include "canon/serialize.hpp"

namespace canon {

/// Host state that is all the fields `object` serializes.
/// Borrows: `object`, until the result is gone.
template <class T>
std::unique_ptr<HostStateBase> make_host_state(T& object) {
    class Serialized final : public HostStateBase {
      public:
        explicit Serialized(T& object) : object_(object) {}

        void save(Bytes& out) const override { WriteArchive{out}(object_); }
        void load(ByteReader& in) override {
            ReadArchive{in}(object_);
            if constexpr (requires { object_.rebuild(); }) object_.rebuild();
        }
        void hash(Hasher& hasher) const override { HashArchive{hasher}(object_); }
        void dump(std::string& out, std::string_view prefix) const override {
            DumpArchive{out, prefix}(object_);
        }

      private:
        T& object_;
    };
    return std::make_unique<Serialized>(object);
}

}  // namespace canon

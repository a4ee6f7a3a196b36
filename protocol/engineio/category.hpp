#pragma once

#include <boost/system/error_category.hpp>

#include <string>

namespace stibium::engineio {

// Boost's base has a protected destructor that is not virtual, on purpose: categories are never deleted.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wnon-virtual-dtor"

/// The category of an enum whose texts `to_string` gives. Meant for one static object per enum.
template <class Errc>
class category_of final : public boost::system::error_category {
public:
  /// `name` must live as long as the category.
  explicit constexpr category_of(const char* name) noexcept
      : name_{name} {}

  const char* name() const noexcept override { return name_; }
  std::string message(int value) const override { return to_string(static_cast<Errc>(value)); }

private:
  const char* name_;
};

#pragma GCC diagnostic pop

} // namespace stibium::engineio

#include "actors/spawn.hpp"

namespace stibium {

void census::enter(uint64_t id, birth_record birth) {
  std::lock_guard lock{mutex_};
  living_.insert_or_assign(id, std::move(birth));
}

void census::leave(uint64_t id) {
  std::lock_guard lock{mutex_};
  living_.erase(id);
}

std::vector<census_entry> census::all() const {
  std::lock_guard lock{mutex_};
  std::vector<census_entry> result;
  result.reserve(living_.size());
  for (const auto& [id, birth] : living_) result.push_back({id, birth});
  return result;
}

size_t census::size() const {
  std::lock_guard lock{mutex_};
  return living_.size();
}

} // namespace stibium

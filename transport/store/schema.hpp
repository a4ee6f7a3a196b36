#pragma once

#include <soci/session.h>

namespace stibium::store {

/// Makes the tables, or brings older ones up to date, in one transaction. Throws `storage_error` when they were made by
/// a newer version, `soci::soci_error` when the database cannot be written.
void bring_up_to_date(soci::session& sql);

} // namespace stibium::store

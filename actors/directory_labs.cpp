#include "actors/directory.hpp"
#include "actors/lab.hpp"

#include <algorithm>

namespace stibium {

namespace {

lab_view view_of(const lab_file& file) {
  lab_view view;
  view.id = file.id;
  view.name = file.name;
  view.collection = file.collection;
  view.collection_id = file.collection_id;
  view.topology_id = file.id.value;
  view.topology = file.topology;
  view.creator_id = file.creator_id;
  view.creator_name = file.creator_name;
  view.public_deploy = file.public_deploy;
  view.start_time = file.start_time;
  view.end_time = file.end_time;
  return view;
}

/// What stands for the topology file of an instance that has none any more. Nobody created it, so only admins command.
lab_file file_of(const stored_instance& instance, const stored_lab* lab) {
  lab_file file;
  file.id = instance.where.lab;
  file.path = instance.where.source;
  // "<topology name>-<unix ms>"
  file.name = lab ? lab->name : instance.where.name.substr(0, instance.where.name.rfind('-'));
  if (lab) file.collection = lab->collection;
  file.topology = instance.where.topology;
  return file;
}

bool is_inactive(lab_state_code state) {
  return state == lab_state_code::inactive || state == lab_state_code::scheduled;
}

} // namespace

antimony::lab_access directory_state::access(const lab_entry& entry) {
  return {entry.file.collection, entry.file.creator_id, entry.file.public_deploy};
}

void directory_state::adopt(const stored_state& stored) {
  for (const auto& lab : stored.labs) seen_[lab.id.value] = lab;
  journal_ = stored.journal;
  for (const auto& instance : stored.instances) {
    const auto id = instance.where.lab.value;
    const auto known = seen_.find(id);
    auto& entry = labs_[id];
    entry.file = file_of(instance, known == seen_.end() ? nullptr : &known->second);
    entry.deployed_once = true;
    entry.instance = instance;
    launch(entry, journal_);
  }
}

void directory_state::launch(lab_entry& entry, const std::vector<journal_entry>& journal) {
  const auto& id = entry.file.id;
  if (const auto seen = seen_.find(id.value); seen != seen_.end() && seen->second.deployed_once)
    entry.deployed_once = true;
  lab_setup setup{world_, entry.file, entry.deployed_once, entry.instance, {}};
  setup.world.directory = self;
  const auto is_its_own = [&](const journal_entry& each) { return each.lab == id; };
  std::copy_if(journal.begin(), journal.end(), std::back_inserter(setup.cut_off), is_its_own);
  std::erase_if(journal_, is_its_own); // it is told once
  if (entry.view.id.value.empty()) {
    entry.view = view_of(entry.file);
    entry.view.has_log = entry.deployed_once;
  }
  entry.announce = true;
  entry.gone = false;
  entry.lab = make_lab_(std::move(setup));
  self->monitor(entry.lab);
}

void directory_state::add(const lab_file& file) {
  auto& entry = labs_[file.id.value];
  const bool fresh = entry.file.id.value.empty();
  entry.file = file;
  entry.has_file = true;
  entry.gone = false;
  if (fresh) return launch(entry, journal_);
  entry.announce = true;
  // A lab that failed too often gets another chance with another topology.
  if (entry.given_up) {
    entry.given_up = false;
    entry.crashes.clear();
    return reload(file.id.value);
  }
  if (entry.lab) self->send(entry.lab, file);
}

void directory_state::remove(const lab_file_gone& file) {
  const auto found = labs_.find(file.id.value);
  if (found == labs_.end()) return;
  found->second.has_file = false;
  if (found->second.lab) {
    found->second.gone = true;
    self->send(found->second.lab, file);
  } else if (found->second.given_up && found->second.view.instance.empty()) {
    erase(found);
  }
}

void directory_state::update(const lab_view& view) {
  const auto found = labs_.find(view.id.value);
  if (found == labs_.end()) return;
  auto& entry = found->second;
  entry.view = view;
  entry.deployed_once = entry.deployed_once || view.has_log;
  if (std::exchange(entry.announce, false) && world_.bulletin)
    self->send(world_.bulletin, lab_update{view.id, access(entry)});
  // The last of an instance without a topology file: the lab goes as well.
  if (!entry.has_file && !entry.gone && entry.lab && view.instance.empty() && is_inactive(view.state)) {
    entry.gone = true;
    self->send(entry.lab, lab_file_gone{view.id});
  }
}

// -- labs that end ----------------------------------------------------------------------------------------------------

void directory_state::lab_down(const caf::down_msg& msg) {
  const auto found = std::find_if(labs_.begin(), labs_.end(), [&](const auto& each) {
    return each.second.lab && each.second.lab.address() == msg.source;
  });
  if (found == labs_.end()) return;
  std::erase_if(shells_, [&](const auto& each) { return !each.second.shell && each.second.reserved_by == msg.source; });
  auto& entry = found->second;
  entry.lab = nullptr;
  const bool ended_itself = msg.reason == caf::none || msg.reason == caf::exit_reason::normal;
  if (ended_itself && !entry.has_file) return erase(found);
  if (ended_itself) return reload(found->first); // its file went and has come back
  if (msg.reason == caf::exit_reason::user_shutdown) return;
  const auto now = self->clock().now();
  entry.crashes.push_back(now);
  while (now - entry.crashes.front() >= crash_window) entry.crashes.pop_front();
  if (entry.crashes.size() >= max_crashes) return give_up(entry, msg.reason);
  reload(found->first);
}

void directory_state::reload(const std::string& id) {
  if (!world_.store) return relaunch(id, nullptr);
  self->request(world_.store, load_deadline, atom::load_v)
      .then([this, id](const stored_state& stored) { relaunch(id, &stored); },
            [this, id](caf::error&) { relaunch(id, nullptr); });
}

void directory_state::relaunch(const std::string& id, const stored_state* stored) {
  const auto found = labs_.find(id);
  if (found == labs_.end() || found->second.lab || found->second.given_up) return;
  auto& entry = found->second;
  if (!stored) {
    // What was last known of its instance is better than nothing, unless it is of another one.
    if (entry.instance && entry.instance->where.name != entry.view.instance) entry.instance.reset();
    return launch(entry, {});
  }
  const auto instance = std::find_if(stored->instances.begin(), stored->instances.end(),
                                     [&](const stored_instance& each) { return each.where.lab.value == id; });
  entry.instance = instance == stored->instances.end() ? std::nullopt : std::optional{*instance};
  if (!entry.instance && !entry.has_file) return erase(found);
  launch(entry, stored->journal);
}

void directory_state::give_up(lab_entry& entry, const caf::error& why) {
  entry.given_up = true;
  if (!world_.bulletin) return;
  status_message message;
  message.source = "lab " + entry.file.name;
  message.content = "The lab has failed " + std::to_string(max_crashes) +
                    " times within a minute and stays down until its topology file changes or the service restarts.";
  message.log_content = message.content + " Last reason: " + caf::to_string(why);
  message.level = severity::fatal;
  message.about = access(entry);
  self->send(world_.bulletin, std::move(message));
}

void directory_state::erase(std::map<std::string, lab_entry>::iterator which) {
  const lab_update update{lab_id{which->first}, access(which->second)};
  seen_.erase(which->first);
  labs_.erase(which);
  forget_streams_of(*update.lab);
  if (world_.bulletin) self->send(world_.bulletin, update);
}

// -- who asks ---------------------------------------------------------------------------------------------------------

caf::expected<const directory_state::lab_entry*> directory_state::visible(const lab_id& lab,
                                                                          const identity& who) const {
  const auto found = labs_.find(lab.value);
  if (found == labs_.end()) return failure(ec::lab_not_found, "there is no lab with this id");
  if (!antimony::may_see(who, found->second.file.collection)) return failure(ec::no_access, "no access to this lab");
  return &found->second;
}

caf::result<lab_ref> directory_state::lookup(const lab_id& lab, const identity& who) const {
  const auto entry = visible(lab, who);
  if (!entry) return entry.error();
  if (!(*entry)->lab)
    return failure(ec::internal, (*entry)->given_up ? "the lab has failed too often and stays down"
                                                    : "the lab has failed and is being restored; try again");
  return lab_ref{(*entry)->lab, antimony::may_command(who, access(**entry))};
}

std::vector<lab_view> directory_state::describe(const identity& who) const {
  std::vector<lab_view> views;
  for (const auto& [id, entry] : labs_) {
    if (antimony::may_see(who, entry.file.collection)) views.push_back(entry.view);
  }
  std::sort(views.begin(), views.end(), [](const lab_view& a, const lab_view& b) {
    return std::tie(a.start_time, a.name, a.id.value) < std::tie(b.start_time, b.name, b.id.value);
  });
  return views;
}

caf::result<lab_view> directory_state::describe(const lab_id& lab, const identity& who) const {
  const auto entry = visible(lab, who);
  if (!entry) return entry.error();
  return (*entry)->view;
}

} // namespace stibium

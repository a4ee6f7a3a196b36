#include "transport/runtime/docker/exec_mark.hpp"

#include "actors/error.hpp"
#include "transport/runtime/docker/engine_run.hpp"

#include <atomic>
#include <sys/random.h>
#include <vector>

namespace stibium::docker {

namespace {

using texts = std::vector<std::string>;

constexpr std::chrono::seconds script_deadline{10};

// sh -c SCRIPT sh SIGNAL MARK KEEP SESSION...; prints the sessions that it found and the processes that it may not
// signal: "sessions;pids". Only `cat` is a program of its own. Process 1 is the container, and never touched. A name in
// /proc/PID/stat may have any bytes, even line ends: what counts is behind its last ")". KILL goes on until nothing is
// left, for what is started meanwhile.
constexpr const char* script = R"sh(
sig=$1 mark=$2 keep=$3
shift 3
sessions=" $* " round=0
stat_of() {
  line=
  { while IFS= read -r l; do line=$l; done <"/proc/$1/stat"; } 2>/dev/null
  line=${line##*) }
}
stat_of $$
set -- $line
own=$4
carries() {
  { e=$(cat "/proc/$1/environ"); } 2>/dev/null
  case $e in *"STIBIUM_EXEC=$mark"*) ;; *) return 1 ;; esac
  [ "$keep" ] || return 0
  case $e in *"STIBIUM_EXEC=$keep"*) return 1 ;; esac
}
while [ $round -lt 20 ]; do
  round=$((round + 1)) table= hit=' ' refused=
  for d in /proc/[0-9]*; do
    p=${d#/proc/}
    [ "$p" = 1 ] && continue
    stat_of "$p"
    set -- $line
    case $1 in '' | Z | X) continue ;; esac
    [ "$4" = "$own" ] && continue
    table="$table $p:$2:$4"
    carries "$p" || continue
    hit="$hit$p "
    [ "$4" = 0 ] || sessions="$sessions$4 "
  done
  grew=1
  while [ $grew = 1 ]; do
    grew=0
    for row in $table; do
      p=${row%%:*} s=${row##*:} parent=${row#*:}
      parent=${parent%:*}
      case $hit in *" $p "*) continue ;; esac
      case $hit in *" $parent "*) hit="$hit$p " grew=1; continue ;; esac
      case $sessions in *" $s "*) hit="$hit$p " grew=1 ;; esac
    done
  done
  gone=1
  for p in $hit; do
    if kill -s "$sig" "$p" 2>/dev/null; then gone=0; else [ -d "/proc/$p" ] && refused="$refused $p"; fi
    [ "$sig" = KILL ] || kill -s CONT "$p" 2>/dev/null
  done
  [ "$sig" = KILL ] && [ $gone = 0 ] || break
done
echo "$sessions;$refused"
)sh";

struct script_result {
  texts sessions;
  bool refused = false;
};

script_result read_result(const std::string& output) {
  script_result result;
  const auto middle = output.find(';');
  std::string number;
  for (const char c : output.substr(0, middle) + " ") {
    if (c >= '0' && c <= '9')
      number += c;
    else if (!number.empty())
      result.sessions.push_back(std::exchange(number, {}));
  }
  result.refused = middle != std::string::npos && output.find_first_of("0123456789", middle) != std::string::npos;
  return result;
}

caf::expected<script_result> run_script(engine& docker, const std::string& container, const std::string& user,
                                        const texts& arguments) {
  texts argv{"sh", "-c", script, "sh"};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  const auto ran = run_unwatched(docker, {container, std::move(argv), {}, user}, script_deadline);
  if (!ran) return ran.error();
  return read_result(ran->output);
}

caf::error signal_all(engine& docker, const std::string& container, const std::string& user, texts arguments) {
  auto first = run_script(docker, container, user, arguments);
  if (!first) return std::move(first.error());
  if (!first->refused) return {};
  arguments.insert(arguments.end(), first->sessions.begin(), first->sessions.end());
  const auto second = run_script(docker, container, "0", arguments);
  return second ? caf::error{} : second.error();
}

const std::string& service_mark() {
  static const std::string result = [] {
    uint64_t number = 0;
    if (::getrandom(&number, sizeof number, 0) != sizeof number)
      number = static_cast<uint64_t>(std::chrono::system_clock::now().time_since_epoch().count());
    char text[17];
    std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(number));
    return std::string{text};
  }();
  return result;
}

} // namespace

std::string next_exec_mark() {
  static std::atomic<uint64_t> count{0};
  return service_mark() + "." + std::to_string(++count) + ".";
}

std::string mark_entry(const std::string& mark) { return "STIBIUM_EXEC=" + mark; }

caf::error signal_marked(engine& docker, const std::string& container, const std::string& mark, const std::string& user,
                         const std::string& signal) {
  return signal_all(docker, container, user, {signal, mark, ""});
}

caf::error kill_strays(engine& docker, const std::string& container) {
  return signal_all(docker, container, "0", {"KILL", "", service_mark()});
}

} // namespace stibium::docker

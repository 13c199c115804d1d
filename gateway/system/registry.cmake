# Writes a source with a function that lists what FILES define as
#   extern const TYPE name …
# at the beginning of a line, which is how the file of each of them ends (CMakeLists.txt lists them):
#   cmake -DTYPE=DriverInfo -DFUNCTION=found_drivers -DHEADER=drivers/driver.hpp
#         -DROOT=. -DFILES=drivers/sensors/a.cpp;… -DOUTPUT=drivers.cpp -P registry.cmake
set(declared "")
set(listed "")
foreach(file IN LISTS FILES)
  file(STRINGS ${ROOT}/${file} lines REGEX "^extern const ${TYPE} [a-z0-9_]+[ ;]")
  foreach(line IN LISTS lines)
    string(REGEX REPLACE "^extern const ${TYPE} ([a-z0-9_]+).*" "\\1" name "${line}")
    string(APPEND declared "extern const ${TYPE} ${name};  // ${file}\n")
    string(APPEND listed "      &${name},\n")
  endforeach()
endforeach()
file(CONFIGURE OUTPUT ${OUTPUT} CONTENT [[
// Written by gateway/system/registry.cmake.
#include "@HEADER@"

#include <array>
#include <span>

namespace twinsky {

@declared@
std::span<const @TYPE@* const> @FUNCTION@() noexcept {
  static constexpr auto all = std::to_array<const @TYPE@*>({
@listed@  });
  return all;
}

}  // namespace twinsky
]] @ONLY)

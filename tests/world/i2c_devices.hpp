// SPDX-License-Identifier: Apache-2.0
// The emulated devices on an I2C bus.
#pragma once

#include "device.hpp"

namespace world {

std::unique_ptr<I2cDevice> make_sht4x(const DeviceSpec& spec, Instant now);
std::unique_ptr<I2cDevice> make_bme280(const DeviceSpec& spec, Instant now);
std::unique_ptr<I2cDevice> make_bmp280(const DeviceSpec& spec, Instant now);
std::unique_ptr<I2cDevice> make_pmsa003i(const DeviceSpec& spec, Instant now);
std::unique_ptr<I2cDevice> make_scd4x(const DeviceSpec& spec, Instant now);
std::unique_ptr<I2cDevice> make_sht3x(const DeviceSpec& spec, Instant now);
std::unique_ptr<I2cDevice> make_si7021(const DeviceSpec& spec, Instant now);
std::unique_ptr<I2cDevice> make_aht20(const DeviceSpec& spec, Instant now);
std::unique_ptr<I2cDevice> make_sen(const DeviceSpec& spec, Instant now);  // SEN5x, SEN6x
std::unique_ptr<I2cDevice> make_sps30(const DeviceSpec& spec, Instant now);
std::unique_ptr<I2cDevice> make_scd30(const DeviceSpec& spec, Instant now);
std::unique_ptr<I2cDevice> make_sfa30(const DeviceSpec& spec, Instant now);
std::unique_ptr<I2cDevice> make_bmp388(const DeviceSpec& spec, Instant now);
std::unique_ptr<I2cDevice> make_bme688(const DeviceSpec& spec, Instant now);
std::unique_ptr<I2cDevice> make_sgp41(const DeviceSpec& spec, Instant now);
std::unique_ptr<I2cDevice> make_bh1750(const DeviceSpec& spec, Instant now);
std::unique_ptr<I2cDevice> make_veml7700(const DeviceSpec& spec, Instant now);
std::unique_ptr<I2cDevice> make_ltr390(const DeviceSpec& spec, Instant now);
std::unique_ptr<I2cDevice> make_tsl2591(const DeviceSpec& spec, Instant now);

}  // namespace world

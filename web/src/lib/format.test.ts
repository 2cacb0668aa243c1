import { describe, expect, it } from "vitest";
import { addDays, instantAt, localDate, localTime, moment, setClock } from "./clock";
import { day, daysBetween, documentNumber, initials, money, phone } from "./format";

describe("what people read", () => {
  it("is money with a comma, to the cent", () => {
    expect(money(123456789)).toBe("R$\u00a01.234.567,89");
    expect(money(1)).toBe("R$\u00a00,01");
  });

  it("is a CPF, and a CNPJ that may hold letters", () => {
    expect(documentNumber("01234567890")).toBe("012.345.678-90");
    expect(documentNumber("12ABC34501DE35")).toBe("12.ABC.345/01DE-35");
  });

  it("is a Brazilian phone, and a foreign one untouched", () => {
    expect(phone("+5511987654321")).toBe("(11) 98765-4321");
    expect(phone("+552133334444")).toBe("(21) 3333-4444");
    expect(phone("+351912345678")).toBe("+351912345678");
  });

  it("is a business date that no time zone moves", () => {
    expect(day("2026-03-01")).toBe("01/03/2026");
    expect(daysBetween("2026-02-28", "2026-03-01")).toBe(1);
    expect(addDays("2026-12-31", 1)).toBe("2027-01-01");
  });

  it("is a person by two letters", () => {
    expect(initials("Ana Maria Braga")).toBe("AB");
    expect(initials("Zé")).toBe("Z");
  });
});

describe("the tenant's wall clock", () => {
  it("says the tenant's day after 21 h, not the next one of UTC", () => {
    setClock("2026-11-23T01:30:00Z", "America/Sao_Paulo");
    expect(localDate(new Date("2026-11-23T01:30:00Z"))).toBe("2026-11-22");
    expect(moment("2026-11-23T01:10:00Z")).toBe("hoje 22:10");
    expect(moment("2026-11-23T12:00:00Z")).toBe("amanhã 09:00");
  });

  it("follows the server's shifted clock, not this computer's", () => {
    setClock("2031-05-05T15:00:00Z", "America/Sao_Paulo");
    expect(moment("2031-05-05T11:00:00Z")).toBe("hoje 08:00");
  });

  it("turns a wall time into the instant and back, west and east", () => {
    for (const [zone, utc] of [
      ["America/Sao_Paulo", "2026-11-23T12:00:00.000Z"],
      ["America/Manaus", "2026-11-23T13:00:00.000Z"],
      ["America/Noronha", "2026-11-23T11:00:00.000Z"],
    ] as const) {
      setClock("2026-11-22T12:00:00Z", zone);
      const at = instantAt("2026-11-23", "09:00");
      expect(at.toISOString()).toBe(utc);
      expect(localTime(at)).toBe("09:00");
    }
  });
});

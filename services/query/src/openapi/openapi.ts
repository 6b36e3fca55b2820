// Makes the OpenAPI document without starting anything, for docs/openapi.json and the test that holds the two together.
import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { OpenAPIObject } from '@nestjs/swagger';
import { controllers, partClasses } from '../query.module';
import { apiPrefix, createOpenApiDocument } from './openapi-document';

@Module({ controllers, providers: partClasses })
class RoutesOnlyModule {}

/** In Nest's preview mode nothing is instantiated, so that the parts are only named, never made. */
export async function openApiDocument(): Promise<OpenAPIObject> {
  const app = await NestFactory.create<NestFastifyApplication>(RoutesOnlyModule, new FastifyAdapter(), {
    preview: true,
    logger: false,
    abortOnError: false,
  });
  app.setGlobalPrefix(apiPrefix);
  return createOpenApiDocument(app);
}

export const openApiText = async (): Promise<string> => `${JSON.stringify(await openApiDocument(), null, 2)}\n`;
